// The emoji of the composer: a picker, and the completion of :shortcodes:. The
// boot script loads this when either is first wanted; nobody else pays for it.
/*! Names and shortcodes from emojibase-data, © Miles Johnson, MIT licence */

const most = 5; // shortcodes that are offered at once
const least = 2; // characters of one before any is offered
const pause = 1000; // ms after which what is typed in the picker begins anew

const get = id => document.getElementById(id);
const form = get("composer");
const textarea = get("message");

const sheet = new CSSStyleSheet();
sheet.replaceSync("@css@");
document.adoptedStyleSheets.push(sheet);

// --- The list -----------------------------------------------------------------

const groups = [];
const byCode = new Map();
for (const line of "@emoji@".trim().split("\n")) {
	const [first, ...names] = line.split("|");
	const [char, ...codes] = first.split(" ");
	if (char === "#") {
		groups.push({ names: [first.slice(2), ...names], all: [] });
		continue;
	}
	const emoji = { char, codes, names };
	groups[groups.length - 1].all.push(emoji);
	for (const code of codes) byCode.set(code, emoji);
}

// named is what is said in the page's language: English and German are known.
const named = names => names[/^de\b/i.test(document.documentElement.lang) ? 1 : 0];

const make = (role, label, ...children) => {
	const e = document.createElement("div");
	e.setAttribute("role", role);
	if (label) e.setAttribute("aria-label", label);
	e.append(...children);
	return e;
};

// put takes the place of what stands before the caret, so that it can be undone
// as if it had been typed.
const put = (text, length) => {
	const end = textarea.selectionEnd;
	const start = length ? end - length : textarea.selectionStart;
	textarea.focus();
	textarea.setSelectionRange(start, end);
	if (document.execCommand("insertText", false, text)) return;
	textarea.setRangeText(text, start, end, "end");
	textarea.dispatchEvent(new Event("input", { bubbles: true }));
};

// --- The picker ---------------------------------------------------------------

let picker = null; // {list, button} while it is open

// pick opens the picker for a button, or closes it. The button of the composer
// stands in its form; any other has the field that takes the emoji before it.
export const pick = button => {
	const again = picker && picker.button === button;
	close();
	if (again) return;
	const option = emoji => {
		const e = make("option", named(emoji.names), emoji.char);
		e.title = `${named(emoji.names)} :${emoji.codes[0]}:`;
		e.tabIndex = -1;
		return e;
	};
	const list = make("listbox", button.getAttribute("aria-label"), ...groups.map(g => make("group", named(g.names), ...g.all.map(option))));
	list.id = "emojis";
	picker = { list, button };
	button.setAttribute("aria-expanded", true);
	button.setAttribute("aria-controls", list.id);
	list.addEventListener("click", e => e.target.matches("[role=option]") && choose(e.target));
	list.addEventListener("keydown", steer);
	list.addEventListener("focusout", e => e.relatedTarget && !list.contains(e.relatedTarget) && close());
	form.prepend(list);
	show(options()[0]);
};

const options = () => [...picker.list.querySelectorAll("[role=option]")];

// show moves the focus, and with it the one place where Tab comes in.
const show = option => {
	if (!option) return;
	for (const e of picker.list.querySelectorAll("[tabindex='0']")) e.tabIndex = -1;
	option.tabIndex = 0;
	option.focus();
};

const close = back => {
	if (!picker) return;
	const { list, button } = picker;
	picker = null;
	button.setAttribute("aria-expanded", false);
	button.removeAttribute("aria-controls");
	if (back) button.focus();
	list.remove();
};

const choose = option => {
	const { button } = picker;
	const text = option.textContent;
	if (form.contains(button)) {
		close();
		return put(text);
	}
	close(true);
	const field = button.previousElementSibling;
	field.value = text;
	field.dispatchEvent(new Event("change", { bubbles: true }));
};

const steer = e => {
	const stop = () => {
		e.preventDefault();
		e.stopPropagation();
	};
	if (e.key === "Escape") {
		stop();
		return close(true);
	}
	const here = e.target;
	if (e.key === "Enter" || e.key === " ") {
		stop();
		return choose(here);
	}
	const to = target(e, options(), here);
	if (to === undefined) return;
	stop();
	show(to);
};

// target is the option that a key leads to, null for none, and undefined where
// the key is none of the picker's.
const target = (e, all, here) => {
	const at = all.indexOf(here);
	const forward = document.documentElement.dir === "rtl" ? -1 : 1;
	switch (e.key) {
	case "ArrowRight": return all[at + forward] || null;
	case "ArrowLeft": return all[at - forward] || null;
	case "ArrowDown": return beside(all, here, 1);
	case "ArrowUp": return beside(all, here, -1);
	case "Home": return all[0];
	case "End": return all[all.length - 1];
	}
	return e.key.length === 1 && !e.ctrlKey && !e.metaKey && !e.altKey ? typed(e, all) : undefined;
};

// beside is the option nearest to here in the next row below or above.
const beside = (all, here, way) => {
	const far = o => Math.abs(o.offsetTop - here.offsetTop) * 1000 + Math.abs(o.offsetLeft - here.offsetLeft);
	return all.filter(o => (o.offsetTop - here.offsetTop) * way > 0).reduce((a, b) => a && far(a) <= far(b) ? a : b, null);
};

// typed is the first option whose name or shortcode begins with what was typed.
let word = "";
let since = 0;
const typed = (e, all) => {
	word = (e.timeStamp - since < pause ? word : "") + e.key.toLowerCase();
	since = e.timeStamp;
	return all.find(o => o.title.toLowerCase().startsWith(word) || o.title.includes(":" + word)) || null;
};

addEventListener("pointerdown", e => {
	if (picker && !picker.list.contains(e.target) && !picker.button.contains(e.target)) close();
}, true);

// --- Shortcodes ---------------------------------------------------------------

let codes = null; // {list, active, length, at} while some are offered
let dismissed = -1; // where the colon stands whose codes are not wanted

// complete takes what was just typed: a whole shortcode becomes its emoji, and
// for the beginning of one there are offers. What is undone stays so.
export const complete = e => {
	if (e && e.isComposing) return;
	const before = textarea.value.slice(0, textarea.selectionStart);
	const whole = /(?:^|[^\w:]):([\w+-]+):$/.exec(before);
	const emoji = whole && byCode.get(whole[1].toLowerCase());
	withdraw();
	if (emoji && !(e && /^(history|delete)/.test(e.inputType))) return put(emoji.char, whole[1].length + 2);
	const begun = /(?:^|[^\w:]):([\w+-]*)$/.exec(before);
	const at = begun ? before.lastIndexOf(":") : -1;
	if (at !== dismissed) dismissed = -1;
	else if (begun) return;
	if (begun && begun[1].length >= least && textarea.selectionStart === textarea.selectionEnd) offer(begun[1].toLowerCase(), at);
};

// search finds the codes that begin with a text, then those that hold it; the
// shortest is the likeliest.
const search = text => {
	const all = [...byCode.keys()].sort((a, b) => a.length - b.length);
	const first = all.filter(code => code.startsWith(text));
	const rest = all.filter(code => !first.includes(code) && code.includes(text));
	return [...first, ...rest].slice(0, most);
};

const offer = (text, at) => {
	const found = search(text);
	if (!found.length) return;
	const list = make("listbox", get("emoji").getAttribute("aria-label"), ...found.map((code, i) => {
		const e = make("option", "", `${byCode.get(code).char} :${code}:`);
		e.id = "code-" + i;
		e.dataset.char = byCode.get(code).char;
		return e;
	}));
	list.id = "codes";
	list.addEventListener("pointerdown", e => e.preventDefault()); // the composer keeps the focus
	list.addEventListener("click", e => e.target.matches("[role=option]") && take(e.target));
	form.prepend(list);
	codes = { list, at, length: text.length + 1 };
	for (const [name, value] of Object.entries(offering)) textarea.setAttribute(name, value);
	activate(0);
};

// offering is what the composer tells while shortcodes are offered. Text of
// several lines can be no combobox (ARIA in HTML allows a textarea no role), and
// what is none has no aria-expanded: that there are offers is told by the active
// one.
const offering = { "aria-autocomplete": "list", "aria-haspopup": "listbox", "aria-controls": "codes" };

const activate = i => {
	const all = [...codes.list.children];
	codes.active = (i + all.length) % all.length;
	all.forEach((e, j) => e.setAttribute("aria-selected", j === codes.active));
	textarea.setAttribute("aria-activedescendant", all[codes.active].id);
};

const withdraw = () => {
	if (!codes) return;
	codes.list.remove();
	codes = null;
	for (const name of [...Object.keys(offering), "aria-activedescendant"]) textarea.removeAttribute(name);
};

const take = option => {
	const { length } = codes;
	withdraw();
	put(option.dataset.char + " ", length);
};

// Before the composer sees a key, which would send the message.
form.addEventListener("keydown", e => {
	if (!codes || e.target !== textarea || e.isComposing || e.keyCode === 229) return;
	const plain = !e.shiftKey && !e.ctrlKey && !e.altKey && !e.metaKey;
	if (e.key === "ArrowDown") activate(codes.active + 1);
	else if (e.key === "ArrowUp") activate(codes.active - 1);
	else if (plain && (e.key === "Tab" || e.key === "Enter")) take(codes.list.children[codes.active]);
	else if (e.key === "Escape") {
		dismissed = codes.at;
		withdraw();
	} else return;
	e.preventDefault();
	e.stopPropagation();
}, true);
textarea.addEventListener("input", complete);
textarea.addEventListener("blur", withdraw);
document.addEventListener("selectionchange", () => {
	if (codes && textarea.selectionStart !== codes.at + codes.length) withdraw();
});
