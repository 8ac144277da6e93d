// The test page's script: it adds the widget as a site would, with data-debug,
// and shows what ChatbotWidget tells. In the console, `state` is its state.
(() => {
	"use strict";
	const byId = id => document.getElementById(id);
	const latenciesShown = 10;
	const eventsShown = 200;

	// Opened on 127.0.0.1 the page is a foreign one: the chat stays on localhost.
	const foreign = location.hostname === "127.0.0.1";
	const here = new URL(location.href);
	here.hash = here.search = "";
	const there = new URL(here);
	there.hostname = foreign ? "localhost" : "127.0.0.1";
	const server = foreign ? there : here;

	const trusted = url => window.trustedTypes
		? trustedTypes.createPolicy("chatbot-test", { createScriptURL: s => s }).createScriptURL(url)
		: url;

	const line = (list, text, most) => {
		const item = document.createElement("li");
		item.textContent = text;
		list.prepend(item);
		while (list.children.length > most) list.lastChild.remove();
	};

	const show = state => {
		byId("connected").textContent = state.realtimeConnected ? "connected" : state.realtimeProvider ? "not connected" : "not started";
		byId("connected").dataset.on = state.realtimeConnected;
		byId("provider").textContent = state.realtimeProvider || "–";
		byId("channel").textContent = state.channelSubscription ? state.channelSubscription.channel : "–";
		byId("unread").textContent = state.unread;
	};

	// brief says an event in one line, without what people wrote.
	const brief = {
		latency: d => `${Math.round(d.ms)} ms by ${d.provider}`,
		message: m => m && m.author ? `from ${m.author.name || m.author.role}` : "",
		unread: n => String(n),
		error: d => d.text,
		log: d => d.text,
		state: s => `${s.realtimeProvider || "no provider"}, ${s.realtimeConnected ? "connected" : "not connected"}, ${s.open ? "open" : "closed"}`,
	};

	const start = () => {
		const widget = window.ChatbotWidget;
		for (const event of ["ready", "open", "close", "message", "unread", "state", "error", "sent", "latency", "log"]) {
			widget.on(event, detail => {
				const what = brief[event] ? brief[event](detail) : "";
				line(byId("log"), `${new Date().toLocaleTimeString()}  ${event}  ${what}`, eventsShown);
			});
		}
		widget.on("state", show);
		widget.on("latency", d => {
			byId("none").hidden = true;
			line(byId("latencies"), brief.latency(d), latenciesShown);
		});
		byId("open").onclick = () => widget.open();
		byId("close").onclick = () => widget.close();
		byId("reset").onclick = () => widget.reset();
		byId("cut").onclick = () => widget._network(true);
		byId("restore").onclick = () => widget._network(false);
		show(widget.state);
	};

	Object.defineProperty(window, "state", { get: () => window.ChatbotWidget && window.ChatbotWidget.state });

	const link = document.createElement("a");
	link.href = there.href;
	link.textContent = there.host;
	byId("origin").append(foreign
		? `This page is on ${location.host} and the chat on ${server.host}: two origins. Open it on the chat's own: `
		: "Open this page as a foreign one, of another origin than the chat: ", link);

	const script = document.createElement("script");
	script.onload = start;
	script.onerror = () => { byId("connected").textContent = `the widget did not load from ${server.host}`; };
	script.dataset.title = "Help";
	script.dataset.subtitle = "We answer at once";
	script.dataset.suggestions = "How do I install the widget?|Does the chat set cookies?|What if WebSockets are blocked?";
	script.dataset.debug = "true";
	script.src = trusted(new URL("chatbot-widget.js", server).href);
	document.head.append(script);
})();
