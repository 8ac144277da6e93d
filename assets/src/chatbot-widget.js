// The loader: the one script that a site carries. It draws the launcher and the
// panel, and puts the chat itself into a frame of the chat server's origin when
// somebody wants it. Before that it stores nothing and opens nothing.
//
// It runs under a Content-Security-Policy that allows scripts and frames of the
// chat server and nothing else: styles are constructed, no HTML is parsed.
(() => {
	const readyTimeout = 10000; // ms until a frame that says nothing is given up
	const helloTimeout = 4000; // ms after the frame's document is there
	const closeTime = 140; // ms of the closing animation
	const hostKey = "chatbot-widget"; // says that a conversation was begun here

	const early = window.ChatbotWidget;
	if (early?.destroy) return; // loaded twice

	const warn = text => console.warn("[chatbot] " + text);
	const current = document.currentScript;
	const script = [current, ...document.scripts].find(s => s && /chatbot-widget(\.\w+)?\.js/.test(s.src)) || current;
	if (!script?.src) return warn("no script");

	// --- Settings -------------------------------------------------------------

	// setting reads a data attribute: parse gives nothing for a wrong value.
	const setting = (name, fallback, allowed, parse) => {
		const value = script.getAttribute("data-" + name);
		if (value === null) return fallback;
		try {
			const parsed = parse(value.trim());
			if (parsed) return parsed;
		} catch { /* no URL: a wrong value */ }
		warn(`data-${name}="${value}" is not ${allowed}: ignored`);
		return fallback;
	};
	const oneOf = (name, ...values) => setting(name, values[0], values.join(" or "), v => values.find(a => a === v));
	const flag = name => oneOf(name, "false", "true") === "true";
	const text = (name, fallback, max) => setting(name, fallback, `1 to ${max} characters`, v => v.length <= max && v);
	const link = (name, allowed, base, check) => setting(name, "", allowed, v => {
		const url = new URL(v, base);
		return v && check(url) && url.href;
	});
	const web = url => /^https?:/.test(url);

	const server = link("server", "an http or https origin", undefined, url => web(url) && url.pathname === "/");
	const home = new URL("./", server || script.src);
	const settings = {
		title: text("title", "", 60),
		subtitle: text("subtitle", "", 120),
		logo: link("logo", "an https URL or one of the chat server", home, url => url.protocol === "https:" || url.origin === home.origin),
		greeting: text("greeting", "", 500),
		suggestions: setting("suggestions", [], "1 to 3 texts of 1 to 120 characters, | between", v => {
			const list = v.split("|").map(s => s.trim());
			return list.length <= 3 && list.every(s => s && s.length <= 120) && list;
		}),
		color: setting("color", "#0b5fff", "#rgb or #rrggbb", v =>
			/^#([\da-f]{3}){1,2}$/i.test(v) && v.replace(/^#(.)(.)(.)$/, "#$1$1$2$2$3$3")),
		theme: oneOf("theme", "auto", "light", "dark"),
		privacyUrl: link("privacy-url", "an http or https URL", location.href, web),
		debug: flag("debug"),
		user: { id: text("user-id", "", 200), name: text("user-name", "", 80), hash: text("user-hash", "", 500) },
	};
	const load = oneOf("load", "intent", "idle", "eager");
	const position = oneOf("position", "bottom-right", "bottom-left");
	const offset = setting("offset", [20, 20], "x,y in pixels, 0 to 999", v => /^\d{1,3}\s*,\s*\d{1,3}$/.test(v) && v.split(",").map(Number));
	const zIndex = setting("z-index", 2147483000, "a whole number, 0 to 2147483647", v => v >= 0 && (v | 0) == v && v);

	// inkOn is the text colour for a background: white where it has a contrast of
	// 4.5:1 (WCAG 2.2, relative luminance), else black.
	const inkOn = color => [.2126, .7152, .0722].reduce((light, weight, i) => {
		const c = parseInt(color.slice(2 * i + 1, 2 * i + 3), 16) / 255;
		return light + weight * (c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4);
	}, .05) <= 1.05 / 4.5 ? "#fff" : "#000";

	// --- Elements ---------------------------------------------------------------

	const add = (parent, tag, attributes = {}, content = "") => {
		const element = document.createElementNS(`http://www.w3.org/${/svg|path/.test(tag) ? "2000/svg" : "1999/xhtml"}`, tag);
		for (const name in attributes) element.setAttribute(name, attributes[name]);
		element.textContent = content;
		parent.append(element);
		return element;
	};
	const button = (parent, name, content) => add(parent, "button", { class: name, type: "button" }, content);
	const icon = (parent, name, d) => add(add(parent, "svg", { class: name, viewBox: "0 0 24 24" }), "path", { d });
	const sheet = css => {
		const made = new CSSStyleSheet();
		made.replaceSync(css);
		return made;
	};

	const host = document.createElement("div");
	host.id = "chatbot-widget";
	const shadow = host.attachShadow({ mode: "open" });
	shadow.adoptedStyleSheets = [sheet("@css@")];
	const named = { "aria-label": settings.title || "Chat" };
	const root = add(shadow, "aside", named);
	const panel = add(root, "dialog", { ...named, class: "panel" });
	const earlyClose = button(panel, "early");
	const launcher = button(root, "launcher");
	icon(launcher, "chat", "M12 4c-5 0-9 3-9 7 0 2 1 4 3 6v4l4-3c6 1 11-2 11-7 0-4-4-7-9-7z");
	for (const b of [earlyClose, launcher]) {
		icon(b, "cross", "M6 6l12 12M18 6L6 18");
		b.ariaLabel = "Close chat";
	}
	const badge = add(launcher, "span", { class: "badge" });
	let notice;

	// --- State and events -------------------------------------------------------

	const nothing = { realtimeConnected: false, realtimeProvider: null, channelSubscription: null };
	let state = { ...nothing, open: false, unread: 0 };
	const listeners = {};
	for (const event of "ready open close message unread state error sent latency log".split(" ")) listeners[event] = new Set();

	const emit = (event, detail) => {
		for (const fn of listeners[event]) {
			try { fn(detail); } catch (e) { console.error(e); }
		}
	};

	// change takes over what is new, shows it and tells the site.
	const change = news => {
		const before = state;
		state = { ...state, ...news };
		draw();
		if (JSON.stringify(state) === JSON.stringify(before)) return;
		emit("state", api.state);
		if (state.unread !== before.unread) {
			document.title = (state.unread ? `(${state.unread}) ` : "") + document.title.replace(/^\(\d+\) /, "");
			emit("unread", state.unread);
		}
	};

	// The one key on the host, read or changed; a page may refuse storage.
	const begun = change => {
		try {
			if (change) localStorage[hostKey] = 1;
			if (change === false) delete localStorage[hostKey];
			return localStorage[hostKey];
		} catch { /* then not */ }
	};

	// --- Layout -----------------------------------------------------------------

	const narrow = matchMedia("(max-width:640px)");
	const view = window.visualViewport;
	const scrollLock = sheet("html,body{overflow:hidden!important}");
	scrollLock.disabled = true;
	document.adoptedStyleSheets.push(scrollLock);
	let closing = false; // the closing animation runs
	let ready = false; // the frame has painted itself and listens
	let shown = false; // the frame may be seen: it is ready, or says why not

	// draw makes the elements what the state and the settings say.
	const draw = () => {
		const { open, unread } = state;
		const { theme, color } = settings;
		const full = narrow.matches;
		root.className = [position.slice(7), full && "full", ready && "ready", shown && "shown", open && "open", closing && "closing"].join(" ");
		root.style.cssText = `color-scheme:${theme === "auto" ? "light dark" : theme};--accent:${color};--ink:${inkOn(color)};--x:${offset[0]}px;--y:${offset[1]}px;--z:${zIndex}`;
		panel.style.cssText = full ? `inset:${view.offsetTop}px auto auto ${view.offsetLeft}px;width:${view.width}px;height:${view.height}px` : "";
		launcher.ariaExpanded = open;
		// The name says what it is in any language, aria-expanded what it does.
		launcher.ariaLabel = named["aria-label"] + (unread ? ` (${unread})` : "");
		badge.textContent = open ? "" : unread > 99 ? "99+" : unread || "";
	};

	// arrange shows the panel as what the window asks for: a dialog beside the
	// page, or on a small screen a modal one over all that the keyboard leaves.
	const arrange = () => {
		draw();
		if (!host.isConnected) return;
		const full = narrow.matches;
		const { open } = state;
		panel.inert = !open; // it may be there unseen
		if (panel.open && (!open && !closing || panel.matches(":modal") !== full)) panel.close();
		if (open && !panel.open) full ? panel.showModal() : panel.setAttribute("open", "");
		scrollLock.disabled = !open || !full;
	};

	// --- The frame --------------------------------------------------------------

	let frame, port, timer, wantsFocus, pending = [], deaths = 0;

	// post tells the frame something; what must not be lost waits for a frame.
	const post = (type, more, wait) => {
		const message = { chatbot: 1, type, ...more };
		port ? port.postMessage(message) : wait && pending.push(message);
	};
	// expect gives the frame that long to go on.
	const expect = ms => {
		clearTimeout(timer);
		timer = ms && setTimeout(explain, ms);
		notice?.remove();
	};

	const startFrame = () => {
		if (frame) return;
		// What the frame looks like goes along as its name, so that it can paint itself
		// before anything is said; who the visitor is goes by the port alone.
		const name = JSON.stringify({
			...settings,
			user: 0,
			dir: getComputedStyle(document.body || root).direction,
			lang: document.documentElement.lang,
			page: page(),
		});
		frame = add(panel, "iframe", { ...named, name, src: new URL("chatbot-frame.html?site=" + location.origin, home) });
		frame.onload = () => {
			frame.onload = died; // it went somewhere else: begin anew
			if (!port) expect(helloTimeout);
		};
		expect(readyTimeout);
	};

	// prepare has the chat under way when it is wanted, unless the visitor would
	// pay dearly for what may not be.
	const prepare = () => {
		if (navigator.connection?.saveData || /2g/.test(navigator.connection?.effectiveType)) return;
		startFrame();
		post("load", {}, true);
	};
	const later = (fn, when = setTimeout) => when(() => ending.signal.aborted || fn());
	const idle = window.requestIdleCallback; // Safari has none

	const stopFrame = () => {
		expect();
		port?.close();
		frame?.remove();
		frame = port = undefined;
		ready = shown = false;
		change(nothing);
	};

	const again = () => {
		stopFrame();
		startFrame();
	};
	// died makes the frame anew, once: a program that dies again would for ever,
	// unless it has asked for it.
	const died = ({ renew }) => {
		wantsFocus = !!shadow.activeElement;
		renew || !deaths++ ? again() : explain();
	};

	// explain tells the visitor that there is no chat, and the site's owner why
	// that may be. What the server says instead can be read below.
	const explain = () => {
		if (deaths > 1) stopFrame();
		const text = "The chat did not load. Check the connection and ad blockers.";
		warn(`${text} Is ${home} up? Does it allow ${location.origin} (--allowed-origins)?`);
		emit("error", { code: "unavailable", text });
		if (!state.open) return stopFrame(); // nobody looks; the next click tries again
		expect();
		notice = add(panel, "div", { class: "notice", role: "alert" });
		add(notice, "p", {}, text);
		button(notice, "", "Retry").onclick = () => {
			deaths = 0;
			again();
		};
		frame?.before(notice);
		shown = frame && navigator.onLine; // an error page of the browser helps nobody
		draw();
	};

	const page = () => location.href.split("#")[0];

	// greet answers the frame's hello, once, with the port for all the rest. The frame
	// has painted itself.
	const greet = ({ source, origin, data }) => {
		if (port || source !== frame?.contentWindow || origin !== home.origin || data?.chatbot !== 1 || data.type !== "hello") return;
		const channel = new MessageChannel();
		port = channel.port1;
		port.onmessage = e => e.data?.chatbot !== 1 || receive(e.data);
		source.postMessage({ chatbot: 1, type: "connect", nonce: data.nonce, user: settings.user }, origin, [channel.port2]);
		tellPage(document.hasFocus());
		for (const message of pending.splice(0)) port.postMessage(message);
		expect();
		ready = shown = true;
		draw();
		if (state.open) tellOpen();
		emit("ready", {});
	};

	// The page loses the focus to its frame as to anything else: that tells of its own.
	const tellPage = attentive => post("page", { attentive });

	// receive acts on a message of the frame and passes on what the site may see.
	const receive = ({ chatbot, type, ...detail }) => {
		handlers[type]?.(detail);
		if (/^(message|error|sent|latency|log)$/.test(type)) emit(type, detail.message || detail);
	};
	const handlers = {
		__proto__: null,
		state: ({ open, ...news }) => change(news),
		close: () => close(),
		sent: () => begun(true),
		cleared() {
			begun(false);
			change({ unread: 0 });
		},
		log({ level, text }) {
			if (settings.debug) console[level === "warn" ? "warn" : "log"](String(text));
		},
		dead: died,
	};

	// --- What the site may do ---------------------------------------------------

	const tellOpen = () => {
		if (wantsFocus) frame.focus();
		post("open", { focus: wantsFocus });
	};

	const open = (focus = true) => {
		host.hidden = false;
		if (state.open) return;
		wantsFocus = focus;
		closing = false;
		startFrame();
		change({ open: true });
		arrange();
		if (ready) tellOpen();
		else if (focus) earlyClose.focus();
		emit("open");
	};

	const close = () => {
		if (!state.open) return;
		closing = true;
		change({ open: false });
		post("close");
		setTimeout(() => {
			if (!closing) return;
			closing = false;
			const inside = shadow.activeElement;
			arrange();
			if (inside) launcher.focus();
		}, closeTime);
		emit("close");
	};

	const ending = new AbortController();
	const listen = (target, types, fn) => {
		for (const type of types.split(" ")) target.addEventListener(type, fn, ending);
	};
	const register = method => (event, fn) => {
		listeners[event]?.[method](fn) ?? warn("no event " + event);
	};

	const api = {
		get state() { return { ...state }; },
		open: () => open(),
		close,
		toggle: () => state.open ? close() : open(),
		show() { host.hidden = false; },
		hide() {
			close();
			host.hidden = true;
		},
		send(text) {
			startFrame();
			post("send", { text: String(text) }, true);
		},
		identify(user) {
			settings.user = user;
			post("identify", { user }, true);
		},
		reset() {
			api.identify(); // nor is a frame that is made anew told who it was
			if (begun()) startFrame(); // the conversation's keys are in there
			post("reset", {}, true);
		},
		on: register("add"),
		off: register("delete"),
		// push makes calls from before the script came, and any like them:
		// (window.ChatbotWidget = window.ChatbotWidget || []).push(["open"])
		push(...calls) {
			for (const [name, ...args] of calls) api[name](...args);
		},
		destroy() {
			keeper.disconnect();
			ending.abort();
			for (const event in listeners) listeners[event].clear();
			closing = false;
			stopFrame();
			change({ open: false, unread: 0 });
			arrange();
			host.remove();
			delete window.ChatbotWidget;
		},
	};
	if (settings.debug) api._network = cut => post("network", { cut });

	// --- Start ------------------------------------------------------------------

	// mount puts the widget into the page, and again when the page has swapped its
	// body. A frame that was moved loads a second time, and is made anew for that.
	const mount = () => {
		document.body.append(host);
		keeper.disconnect();
		for (const node of [document.documentElement, document.body]) keeper.observe(node, { childList: true });
		deaths = 0;
		arrange();
	};
	const keeper = new MutationObserver(() => host.isConnected || document.body && mount());

	listen(window, "message", greet);
	listen(launcher, "click", api.toggle);
	listen(launcher, "pointerenter focus", prepare);
	listen(earlyClose, "click", close);
	listen(shadow, "keydown", e => e.key === "Escape" && close());
	listen(panel, "close", () => panel.open || close()); // by the system's back gesture
	listen(narrow, "change", arrange);
	listen(view, "resize scroll", draw);
	listen(window, "focus blur", e => tellPage(e.type === "focus"));

	// An invitation stands in the fragment, which no server sees. It is taken out
	// of the address, so that it is not passed on by accident.
	const invited = /^#chatbot-invite=(.+)/.exec(location.hash);
	if (invited) {
		history.replaceState(history.state, "", page());
		post("invite", { code: invited[1] }, true);
	}

	window.ChatbotWidget = api;
	// The rest is a task of its own: on a slow phone both in one would be a long one.
	later(() => {
		document.body ? mount() : listen(document, "DOMContentLoaded", mount);
		if (flag("open") || invited) open(!!invited);
		else if (load === "intent") begun() && later(startFrame, idle);
		else load === "idle" ? later(prepare, idle) : prepare();
		if (early) api.push(...early);
	});
})();
