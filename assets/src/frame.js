// The frame's boot script. It shakes hands with the page that embeds the frame,
// makes the painted chat and its composer usable before the program runs, loads
// and starts the Go program, and tells the page if that dies. Afterwards it
// keeps what must outlive the program: the composer, the way to close the chat,
// and the way to the page. All else is Go, by way of window.chatbotHost.
(() => {
	"use strict";

	const maxMessage = 65536; // characters in a message of the page
	const maxText = 4000; // characters in a message of the visitor, as in the contract
	const countFrom = 3800; // from here on it is said how many are left
	const headStart = 50; // ms in which the first picture is made, before the program's bytes come
	const maxWaiting = 100; // messages and texts that are kept for the program
	const someValues = 2000; // that the program holds on to, before they are looked through
	const manyValues = 50000; // before it is made anew
	const quiet = 60000; // ms without a touch after which an open chat may be, too
	const fresh = 30 * 60000; // ms for which a talk that was left goes on by itself
	const prefix = "chatbot:"; // of the keys in the frame's storage

	const root = document.documentElement;
	const script = document.currentScript;
	const get = id => document.getElementById(id);
	const all = selector => document.querySelectorAll(selector);
	const form = get("composer");
	const textarea = get("message");
	const counter = get("counter");
	const send = get("send");
	const meta = name => { const m = document.querySelector(`meta[name="chatbot-${name}"]`); return m ? m.content : ""; };
	// attempt is for what a browser may refuse by throwing.
	const attempt = (fn, otherwise) => { try { return fn(); } catch { return otherwise; } };

	// The looks come with this script: a file of their own would be another
	// connection, on a slow network before anything is seen.
	const sheet = new CSSStyleSheet();
	sheet.replaceSync("@css@");
	document.adoptedStyleSheets = [sheet];

	// --- What go-app would do to the page -----------------------------------------

	// go-app reads and tidies all of localStorage when it starts, and dies where
	// the browser forbids it: it gets stores of its own that forget.
	const kept = attempt(() => window.localStorage);
	const tab = attempt(() => window.sessionStorage);
	const memory = () => {
		const map = new Map();
		return {
			getItem: key => map.get(String(key)) ?? null,
			setItem: (key, value) => { map.set(String(key), String(value)); },
			removeItem: key => { map.delete(String(key)); },
			clear: () => map.clear(),
			key: i => [...map.keys()][i] ?? null,
			get length() { return map.size; },
		};
	};
	for (const name of ["localStorage", "sessionStorage"]) {
		Object.defineProperty(window, name, { value: memory() });
	}
	const store = area => ({
		get: key => attempt(() => area.getItem(prefix + key), null),
		set: (key, value) => attempt(() => (area.setItem(prefix + key, value), true), false),
		remove: key => attempt(() => (area.removeItem(prefix + key), true), false),
		keys: () => attempt(() => Object.keys(area), []).filter(key => key.startsWith(prefix)).map(key => key.slice(prefix.length)).join("\n"),
	});
	const storage = store(kept);
	const drafts = store(tab);

	// The frame's steps are none of the page's history.
	history.pushState = history.replaceState = () => {};

	// coder/websocket closes with codes that a browser refuses by throwing, which a
	// program made by TinyGo does not survive: its sockets never throw, and one that
	// cannot be had is one that has closed. Errors are kept from it, because it
	// would close for them, and wait; an end follows each.
	const Socket = window.WebSocket;
	const closed = () => {
		const socket = new EventTarget();
		socket.close = socket.send = () => {};
		setTimeout(() => socket.dispatchEvent(new CloseEvent("close", { code: 1006 })));
		return socket;
	};
	window.WebSocket = function (...args) {
		const socket = attempt(() => new Socket(...args)) || closed();
		const { addEventListener, close, send } = socket;
		return Object.assign(socket, {
			addEventListener: (type, ...rest) => type !== "error" && addEventListener.call(socket, type, ...rest),
			close: (...args) => attempt(() => (close.apply(socket, args), true)) || close.call(socket),
			send: data => attempt(() => send.call(socket, data)),
		});
	};

	// Links leave the frame, before go-app takes them for its own routes.
	addEventListener("click", e => {
		const link = e.target.closest && e.target.closest("a[href]");
		if (!link) return;
		e.stopPropagation();
		if (!/^(https?|mailto|tel):$/.test(link.protocol)) return e.preventDefault();
		link.target = "_blank";
		link.rel = "noopener noreferrer";
	}, true);

	// What is pressed often goes by that. A message's menu leaves the focus at its
	// message, and whatever else goes leaves it to the composer.
	const leave = (e, from, to) => { if (e.target.matches && e.target.matches(from)) e.target.closest(".stack").querySelector(to).focus({ preventScroll: true }); };
	addEventListener("click", e => leave(e, ".menu button:not(.pick), .reactions [aria-pressed=true]", ".bubble"), true);
	addEventListener("change", e => leave(e, ".menu input", ".bubble"), true);
	addEventListener("keydown", e => e.key === "Escape" && leave(e, ".menu *", ".more"), true);
	let last = textarea;
	addEventListener("focusin", e => { last = e.target; });
	new MutationObserver(() => {
		if (last.isConnected || !document.hasFocus()) return;
		// The program draws its own suggestions in the place of those painted before.
		const same = last.matches(".chip") && [...all(".chip")].find(e => e.textContent === last.textContent);
		last = same || textarea;
		if (document.activeElement === document.body) same ? same.focus() : host.focus();
	}).observe(document.body, { childList: true, subtree: true });

	// A logo that cannot be had leaves its place empty.
	addEventListener("error", e => { if (e.target.tagName === "IMG") e.target.hidden = true; }, true);

	// --- The page that embeds the frame --------------------------------------------

	let port = null;
	let deliver = null; // the program's function for messages, once it runs
	const waiting = []; // messages for it until then
	const early = []; // and texts: {text, at}

	const post = (type, detail) => port && attempt(() => port.postMessage({ ...detail, chatbot: 1, type }));
	const pass = m => {
		if (deliver) attempt(() => deliver(m));
		else if (m.type === "config" && waiting.at(-1)?.type === "config") return; // says no more
		else if (waiting.length < maxWaiting) waiting.push(m);
	};
	const wellFormed = m => m?.chatbot === 1 && typeof m.type === "string" &&
		attempt(() => JSON.stringify(m).length <= maxMessage, false);

	// receive does what concerns the document, and passes on what does not.
	const receive = m => {
		if (m.type === "network" && !host.config.debug) return;
		if (/^(open|close)$/.test(m.type)) opened = m.type === "open";
		if (m.type === "identify") {
			host.config.user = person(m.user);
			m = { type: "config" };
		}
		// Somebody else's talk is to be left at once, though nobody looks.
		const left = m.type === "config" && talk.token && (talk.userId || "") !== host.config.user.id;
		if (left || /^(load|open|send|invite|reset)$/.test(m.type)) setTimeout(start, headStart);
		if (m.type === "send") return typeof m.text === "string" && say(m.text);
		if (m.type === "open") {
			painted();
			if (m.focus !== false) { // a frame that is not shown yet may refuse it
				host.focus();
				requestAnimationFrame(host.focus);
			}
		}
		if (m.type === "reset") forget();
		if (m.type === "invite" && !/^[\w-]{1,64}$/.test(m.code)) return;
		pass(m);
	};

	const site = attempt(() => new URL(new URLSearchParams(location.search).get("site")).origin, "");
	const nonce = Array.from(crypto.getRandomValues(new Uint8Array(16)), b => b.toString(16).padStart(2, "0")).join("");

	// shake takes the one answer to hello that comes from the page itself.
	const shake = e => {
		if (port || e.source !== parent || e.origin !== site || !wellFormed(e.data)) return;
		if (e.data.type !== "connect" || e.data.nonce !== nonce || e.ports.length !== 1) return;
		port = e.ports[0];
		removeEventListener("message", shake);
		port.onmessage = m => wellFormed(m.data) && receive(m.data);
		host.config.user = person(e.data.user);
		resume();
	};

	// --- The composer ---------------------------------------------------------------

	const length = text => { let n = 0; for (const _ of text) n++; return n; };
	const refresh = () => {
		const n = textarea.value.length < countFrom ? 0 : length(textarea.value);
		const over = n > maxText;
		counter.textContent = n < countFrom ? "" : words()[over ? "over" : "left"].replace("{n}", Math.abs(maxText - n));
		counter.classList.toggle("bad", over);
		counter.setAttribute("aria-live", over ? "polite" : "off");
		textarea.setAttribute("aria-invalid", over);
		send.disabled = over || !textarea.value.trim();
		if (!("fieldSizing" in textarea.style)) requestAnimationFrame(fit);
	};
	// fit does what field-sizing does elsewhere, when there is a layout to ask.
	const fit = () => {
		textarea.style.blockSize = "0";
		textarea.style.blockSize = textarea.scrollHeight + "px";
	};
	const write = text => {
		textarea.value = text;
		refresh();
	};

	// say hands a text to the program, or keeps it for the program and shows it as
	// one that is on its way. What the visitor has composed may be an answer.
	const say = (text, type = "send") => {
		const m = { type, text, at: Date.now() };
		if (deliver) return pass(m);
		if (early.length >= maxWaiting || !text.trim()) return;
		early.push(m);
		const p = sketch("row mine first last pending");
		if (!p) return;
		p.dir = "auto";
		p.textContent = text;
	};
	// sketch draws an empty row where the program will draw the talk.
	const sketch = name => {
		const rows = document.querySelector("#app .rows");
		if (!rows) return;
		get("app").classList.add("talking");
		return [name, "stack", "bubble", "text"].reduce((parent, name) => {
			const e = document.createElement(name === "text" ? "p" : "div");
			e.className = name;
			parent.append(e);
			return e;
		}, rows);
	};
	const submit = () => {
		refresh();
		if (send.disabled) return;
		const text = textarea.value;
		write("");
		drafts.remove("draft");
		textarea.focus();
		say(text, "composed");
	};
	const forget = () => {
		write("");
		drafts.remove("draft");
		if (deliver) return;
		early.length = 0;
		all("#app .rows > *").forEach(e => e.remove());
		get("app").classList.remove("talking");
	};

	form.addEventListener("submit", e => {
		e.preventDefault();
		submit();
	});
	textarea.addEventListener("input", e => {
		refresh();
		textarea.value ? drafts.set("draft", textarea.value) : drafts.remove("draft");
		if (deliver) pass({ type: "typed", text: textarea.value.slice(0, 1) });
		if (!emoji && /(^|[^\w:]):[\w+-]/.test(textarea.value)) withEmoji(m => m.complete(e));
	});
	textarea.addEventListener("keydown", e => {
		// 229 and isComposing are the Enter that ends an input method's composition.
		if (e.key !== "Enter" || e.shiftKey || e.isComposing || e.keyCode === 229) return;
		e.preventDefault();
		submit();
	});
	addEventListener("keydown", e => {
		if (e.key === "Escape" && !e.isComposing && e.keyCode !== 229) post("close");
	});
	addEventListener("click", e => {
		const target = e.target.closest && e.target.closest("button");
		if (!target) return;
		if (target.classList.contains("close")) post("close");
		if (target.classList.contains("copy")) copy(target);
		if (target.classList.contains("pick")) withEmoji(m => m.pick(target));
		if (target.classList.contains("chip")) {
			host.focus();
			if (!deliver) say(target.textContent);
		}
	});
	addEventListener("resize", refresh);

	// withEmoji loads the picker and the completion of shortcodes when one of them
	// is first wanted. What could not be loaded is asked for anew the next time: a
	// browser remembers the failure of an address.
	const module = "./emoji.js";
	let emoji = null;
	let failures = 0;
	const withEmoji = use => {
		emoji ||= import(failures ? module + "?" + failures : module);
		emoji.then(use, () => {
			emoji = null;
			failures++;
		});
	};

	// copy takes the text beside a button. The older way needs no permission that
	// a page would have to pass on to its frames.
	const copy = button => {
		const before = button.previousElementSibling;
		before.select ? before.select() : getSelection().selectAllChildren(before);
		if (attempt(() => document.execCommand("copy"), false)) button.textContent = button.dataset.done;
	};

	// --- What the site has configured -------------------------------------------------

	const catalogue = attempt(() => JSON.parse(get("words").dataset.words), {});
	const words = () => catalogue[root.lang.split("-")[0].toLowerCase()] || catalogue.en || {};

	const text = (value, max) => typeof value === "string" ? value.slice(0, max) : "";
	const address = value => /^https?:\/\//i.test(value) ? text(value, 2000) : "";
	const person = u => ({ id: text(u && u.id, 200), name: text(u && u.name, 80), hash: text(u && u.hash, 500) });
	const apply = c => {
		const config = host.config = {
			title: text(c.title, 60),
			subtitle: text(c.subtitle, 120),
			logo: address(c.logo),
			greeting: text(c.greeting, 500),
			suggestions: Array.isArray(c.suggestions) ? c.suggestions.slice(0, 3).map(s => text(s, 120)).filter(Boolean) : [],
			color: /^#[\da-f]{6}$/i.test(c.color) ? c.color : "#0b5fff",
			theme: ["light", "dark"].find(t => t === c.theme) || "auto",
			privacyUrl: address(c.privacyUrl),
			user: person(), // is told by the port
			debug: c.debug === true,
			dir: c.dir === "rtl" ? "rtl" : "ltr",
			lang: /^[a-z]{2,3}(-[a-z\d]{1,8})*$/i.test(c.lang) ? c.lang : "en",
			local: /^https?:\/\/(localhost|[^/]*\.localhost|127\.[\d.]+|\[::1\])(:|$)/.test(site),
			page: address(c.page),
		};
		root.lang = config.lang;
		root.dir = config.dir;
		root.dataset.theme = config.theme;
		document.title = config.title || words().title;
		colour(config.color);
		get("privacy").hidden = !config.privacyUrl;
		get("privacy").firstElementChild.href = config.privacyUrl;
		textarea.placeholder = words().placeholder;
		all("[data-word]").forEach(e => { e.textContent = words()[e.dataset.word]; });
		for (const e of all("[data-label]")) e.setAttribute("aria-label", words()[e.dataset.label]);
		if (!deliver) picture(config);
	};

	// picture puts the settings into what was painted before the program runs.
	const picture = config => {
		const fill = (slot, value) => all(`[data-slot=${slot}]`).forEach(e => { e.textContent = value; });
		fill("title", config.title || words().title);
		fill("subtitle", config.subtitle);
		fill("greeting", config.greeting || words().greeting);
		if (config.logo) all("#app .face").forEach(e => {
			const image = new Image();
			image.alt = "";
			image.src = config.logo;
			e.replaceChildren(image);
		});
		all("[data-slot=suggestions]").forEach(list => list.replaceChildren(...config.suggestions.map(s => {
			const chip = document.createElement("button");
			chip.type = "button";
			chip.className = "chip";
			chip.dir = "auto";
			chip.textContent = s;
			const item = document.createElement("li");
			item.append(chip);
			return item;
		})));
	};

	// colour sets the owner's colour and what can be read on it. Where it cannot be
	// read itself as a link, links look like text until the program, which can
	// shift a colour, says better.
	const luminance = color => {
		const [r, g, b] = [1, 3, 5].map(i => {
			const c = parseInt(color.slice(i, i + 2), 16) / 255;
			return c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4;
		});
		return .2126 * r + .7152 * g + .0722 * b;
	};
	const contrast = (a, b) => {
		const [x, y] = [luminance(a), luminance(b)];
		return (Math.max(x, y) + .05) / (Math.min(x, y) + .05);
	};
	const colour = color => {
		const set = (name, value) => root.style.setProperty("--" + name, value);
		set("accent", color);
		set("on-accent", contrast(color, "#ffffff") >= 4.5 ? "#fff" : "#000");
		for (const [theme, bubble] of [["light", "#f2f4f7"], ["dark", "#23262e"]]) {
			set("link-" + theme, contrast(color, bubble) >= 4.5 ? color : "");
			set("ring-" + theme, contrast(color, bubble) >= 3 ? color : "");
		}
	};

	// --- The program ---------------------------------------------------------------------

	const host = window.chatbotHost = {
		config: {},
		server: meta("server").replace(/\/+$/, ""),
		ticket: meta("ticket"),
		known: meta("config"),
		composer: { form, textarea, counter, send },
		storage,
		// post tells the page something: its kind, and what goes with it as JSON.
		post: (type, detail) => post(type, attempt(() => JSON.parse(detail))),
		// listen gives the program all messages from now on, after those that have
		// waited. What was written early comes last, in its order: of what was written
		// before a reset nothing is left.
		listen: fn => {
			deliver = fn;
			for (const m of [...waiting.splice(0), ...early.splice(0)]) pass(m);
		},
		// live says that the program has drawn itself.
		live: () => {
			progress(1);
			post("live");
		},
		// focus goes to the composer, but not where that would raise a keyboard over
		// what there is to read.
		focus: () => { if (!matchMedia("(pointer: coarse)").matches) attempt(() => textarea.focus({ preventScroll: true })); },
		compose: text => {
			if (text !== null) write(text);
			textarea.focus();
		},
		style: (name, value) => { root.style.setProperty(name, value); },
		// tabs joins the visitor's tabs, where the browser offers what that takes.
		// Post sends to all others; lead asks for the lead and tells when this tab
		// has it and when it was taken away.
		tabs: kept && navigator.locks && window.BroadcastChannel ? {
			post(text) { attempt(() => this.channel.postMessage(text)); },
			listen(receive) {
				this.channel = new BroadcastChannel("chatbot");
				this.channel.onmessage = e => typeof e.data === "string" && receive(e.data);
			},
			lead(take, changed) {
				const held = () => new Promise(() => changed(true));
				navigator.locks.request("chatbot", take ? { steal: true } : {}, held).catch(() => {
					changed(false);
					this.lead(false, changed);
				});
			},
		} : null,
		// request makes a call to the server. Done is called once, with the status, or
		// with 0 and the reason. A file is kept for the visitor, and nothing of it is
		// passed on. The function it gives cancels the call.
		request: (method, url, headers, body, done) => {
			const cancel = new AbortController();
			const call = async () => {
				const answer = await fetch(url, { method, headers, body, signal: cancel.signal, credentials: "omit", cache: "no-store", redirect: "error", referrerPolicy: "no-referrer" });
				const file = /^attachment; filename="([\w.-]+)"$/.exec(answer.headers.get("Content-Disposition"));
				if (answer.ok && file) return keep(await answer.blob(), file[1]), [204, "", ""];
				return [answer.status, answer.headers.get("Retry-After") || "", await answer.text()];
			};
			const abort = () => cancel.abort();
			call().catch(e => [0, "", String(e && e.message || e)]).then(a => {
				done(...a);
				uncalled.add(done).add(abort);
			});
			return abort;
		},
	};

	// keep has the browser save a file.
	const keep = (blob, name) => {
		const link = document.createElement("a");
		link.href = URL.createObjectURL(blob);
		link.download = name;
		link.click();
		setTimeout(() => URL.revokeObjectURL(link.href), quiet);
	};

	// progress shows which part of the program has come.
	const bar = get("progress");
	const progress = part => {
		const percent = Math.min(100, Math.round(part * 100));
		bar.hidden = percent === 100;
		bar.setAttribute("aria-valuenow", percent);
		bar.firstElementChild.style.inlineSize = percent + "%";
	};

	// counted passes an answer on and shows how much of it has come. The size is
	// that of the program: Content-Length counts its compressed form. It also
	// gives the answer its media type, which a static host may not know.
	const counted = answer => {
		const size = +script.dataset.wasmSize;
		const reader = answer.body.getReader();
		let got = 0;
		const stream = new ReadableStream({
			async pull(out) {
				const { done, value } = await reader.read();
				if (done) return out.close();
				got += value.length;
				if (size) progress(Math.min(got / size, .99));
				out.enqueue(value);
			},
			cancel: reason => reader.cancel(reason),
		});
		return new Response(stream, { headers: { "Content-Type": "application/wasm" } });
	};
	const load = async (answer, imports) => {
		if (!answer.ok) throw new Error(`the program could not be loaded: status ${answer.status}`);
		progress(0);
		return WebAssembly.instantiateStreaming(counted(answer), imports);
	};
	// resume is for a visitor who has talked before and has not asked for the chat
	// yet: the server is asked how much is unread, and the program is started for
	// that, or while the talk is fresh. Otherwise it waits for the visitor.
	const resume = async () => {
		if (started || !talk.token) return;
		if (Date.now() - talk.at < fresh) return start();
		const answer = await fetch(`${host.server}/api/chatbot/conversations/${encodeURIComponent(talk.conversationId)}`, {
			headers: { Authorization: "Bearer " + talk.token, "X-Chatbot-Site": host.ticket },
			credentials: "omit", cache: "no-store", redirect: "error", referrerPolicy: "no-referrer",
		}).catch(() => null);
		const badge = answer && answer.ok && await answer.json().catch(() => null);
		if (badge && badge.unread > 0) start();
	};
	// The program takes the thread for a while, to be compiled and to run: a panel
	// that is opened is painted before, and one that is about to be has a second for
	// that. Its bytes come meanwhile.
	let painted, late;
	const calm = new Promise(done => {
		painted = () => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)));
		late = done;
	});
	let started = false;
	const start = async () => {
		if (started) return;
		started = true;
		setTimeout(late, 1000);
		let reason = "the program ended";
		try {
			const url = new URL(script.dataset.wasm, script.src);
			const answer = await fetch(url, { credentials: "omit" });
			await calm;
			await import("./wasm_exec.js");
			const go = new Go();
			const { instance } = await load(answer, go.importObject);
			setInterval(() => renew(sweep(go)), 5000);
			reason = await Promise.race([go.run(guarded(instance)).then(() => reason), trap]);
		} catch (e) {
			reason = String(e && e.message || e);
		}
		die(reason);
	};

	// A program made by TinyGo never lets go of a JavaScript value. Of these kinds it
	// needs one for a moment, of elements while they are in the document, and of
	// functions until nothing calls them: sweep drops those that were there the last
	// time already, and counts those that must stay. Go's own drops them itself.
	const uncalled = new WeakSet();
	const { removeEventListener } = EventTarget.prototype;
	EventTarget.prototype.removeEventListener = function (type, fn, ...rest) {
		if (fn) uncalled.add(fn);
		return removeEventListener.call(this, type, fn, ...rest);
	};
	const passing = v => typeof v === "string" || uncalled.has(v) || (v instanceof Node ? !v.isConnected :
		/^\[object (Arguments|DOMRect|DOMStringMap|NodeList|\w*Event)]$/.test(Object.prototype.toString.call(v)) || v instanceof Object && "args" in v && "this" in v);
	let before = [];
	const sweep = go => {
		const values = go._values;
		const keeps = "wasi_snapshot_preview1" in go.importObject;
		if (values.length - go._idPool.length < someValues) return 0;
		let held = 0;
		values.forEach((v, id) => {
			if (v === null) return;
			if (!keeps || !passing(v)) return held++;
			if (v !== before[id]) return;
			values[id] = null;
			go._ids.delete(v);
			go._idPool.push(BigInt(id));
		});
		before = keeps ? [...values] : [];
		return held;
	};

	// renew asks the page for a frame in this one's place before the values that
	// the program holds on to become too many all the same. It does so while nobody looks, or writes. The conversation, the draft and
	// what is on its way are in the storage.
	let opened = false;
	let touched = 0;
	for (const type of ["input", "keydown", "pointerdown", "wheel"]) addEventListener(type, () => { touched = Date.now(); }, { passive: true });
	const renew = held => {
		if (held > manyValues && !(opened && Date.now() - touched < quiet)) post("dead", { renew: true });
	};

	// guarded is the program, but a trap is noted wherever it is called from: in a
	// program made by TinyGo each panic is one, and nothing else would tell.
	let trapped;
	const trap = new Promise(resolve => { trapped = resolve; });
	const guarded = instance => {
		const guard = fn => (...args) => {
			try {
				return fn(...args);
			} catch (e) {
				if (e instanceof WebAssembly.RuntimeError) trapped(e.message);
				throw e;
			}
		};
		const exports = Object.entries(instance.exports).map(([name, e]) => [name, typeof e === "function" ? guard(e) : e]);
		return Object.create(instance, { exports: { value: Object.fromEntries(exports) } });
	};

	// die leaves what was written for the frame that comes in this one's place.
	const die = reason => {
		const rest = [...early.map(m => m.text), textarea.value].filter(Boolean).join("\n");
		if (rest) drafts.set("draft", rest);
		bar.hidden = true;
		post("dead", { reason: reason.slice(0, 500) });
	};

	// The page has given what the site configured as the frame's name: it is painted
	// at once. Then the page is spoken to, which shows what there is.
	const talk = attempt(() => JSON.parse(storage.get("conversation"))) || {};
	textarea.value ||= drafts.get("draft") || "";
	apply({ ...attempt(() => JSON.parse(window.name)) });
	refresh();
	if (parent !== window && /^https?:/.test(site)) {
		// Who has talked before sees that there is something to come.
		if (talk.token) for (const side of ["theirs", "mine", "theirs"]) sketch(`row ${side} first last skeleton`);
		addEventListener("message", shake);
		attempt(() => parent.postMessage({ chatbot: 1, type: "hello", nonce }, site));
	} else {
		// On a page of its own there is nobody to talk for.
		form.hidden = true;
		all("[data-slot=greeting]").forEach(e => { e.textContent = words().alone; });
	}
	document.body.hidden = false;
})();
