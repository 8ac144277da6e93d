package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// asPage is a page that embeds the frame by itself, in the loader's place: it
// keeps the nonce of the frame's hello, and offer connects with some changes and as
// many ports, of which it notes what they hear.
const asPage = `
	window.heard = {};
	addEventListener('message', e => {
		if (e.source === chat.contentWindow && e.data.type === 'hello') window.nonce = e.data.nonce;
		if (e.data.sibling) heard.sibling.push(e.data.sibling);
	});
	window.offer = (name, change, ports = 1) => {
		heard[name] = [];
		const channels = Array.from({ length: ports }, () => new MessageChannel());
		for (const c of channels) c.port1.onmessage = e => heard[name].push(e.data.type);
		window[name] = channels.length && channels[0].port1;
		chat.contentWindow.postMessage({ chatbot: 1, type: 'connect', nonce, ...change }, '*', channels.map(c => c.port2));
		return true;
	};`

// sibling is a frame beside the chat, which tries a nonce that the page was careless
// enough to give away.
const sibling = `
	addEventListener('message', e => {
		const channel = new MessageChannel();
		channel.port1.onmessage = m => parent.postMessage({ sibling: m.data.type }, '*');
		parent.frames[0].postMessage({ chatbot: 1, type: 'connect', nonce: e.data }, '*', [channel.port2]);
	});`

// embedded is a visitor of a page that embeds the frame by itself, after hello.
func (w *world) embedded() (*visitor, *panel) {
	w.t.Helper()
	w.more["/page.js"], w.more["/sibling.js"] = asPage, sibling
	document := `srcdoc="<script src='` + w.site.URL + `/sibling.js'></script>"></iframe>`
	w.setPage(`<script src="/page.js"></script><iframe id="chat" style="width:400px;height:600px" src="` + w.url("/chatbot-frame.html?site="+w.site.URL) + `"></iframe>
		<iframe id="foreign" sandbox="allow-scripts" ` + document + `<iframe id="own" ` + document)
	v := newVisitor(w.t)
	v.open(w.site.URL)
	v.until(`window.nonce && document.readyState === 'complete'`)
	p := &panel{v: v, target: v.frame()}
	evalIn[bool](v, p.target, `(window.taken = 0, addEventListener('message', () => { taken++ }), true)`)
	return v, p
}

// The frame takes one answer to its hello: the page's own, with the nonce of this
// very frame, one port, and no more than a message may have.
func TestHandshake(t *testing.T) {
	v, p := newWorld(t).embedded()
	wrong := []string{
		`offer('guessed', { nonce: nonce.replace(/./g, '0') })`,
		`offer('earlier', { nonce: undefined })`,
		`offer('unmarked', { chatbot: 2 })`,
		`offer('portless', {}, 0)`,
		`offer('twofold', {}, 2)`,
		`offer('oversize', { user: { name: 'x'.repeat(65536) } })`,
		`(heard.sibling = [], document.getElementById('foreign').contentWindow.postMessage(nonce, '*'), true)`,
		`(document.getElementById('own').contentWindow.postMessage(nonce, '*'), true)`, // of the page's origin
	}
	for i, attack := range wrong {
		eval[bool](v, attack)
		p.until(fmt.Sprintf(`taken === %d`, i+1))
	}
	eval[bool](v, `offer('right', {})`)
	eval[bool](v, `offer('replayed', {})`)
	p.until(fmt.Sprintf(`taken === %d`, len(wrong)+2))
	eval[bool](v, `(right.postMessage({ chatbot: 1, type: 'load' }), true)`)
	v.until(`heard.right.includes('live')`)
	if got := eval[string](v, `Object.keys(heard).filter(name => heard[name].length).join()`); got != "right" {
		t.Errorf("the frame speaks to %s", got)
	}
}

// What comes by the port is looked at as well: what is oversize or no message is
// dropped, a flood before the program runs is kept to its limit, and what is
// written afterwards is sent.
func TestPort(t *testing.T) {
	v, p := newWorld(t).embedded()
	eval[bool](v, `offer('right', {})`)
	eval[bool](v, `(() => {
		const say = (type, more) => right.postMessage({ chatbot: 1, type, ...more });
		for (const nothing of [null, 7, 'send', [], { type: 'send', text: 'unmarked' }, { chatbot: 1 }, { chatbot: 1, type: {} }]) right.postMessage(nothing);
		say('send', { text: 'x'.repeat(65536) });
		say('send', { text: { toString: 'no text' } });
		say('send', { text: ' ' });
		say('invite', { code: '../' + 'x'.repeat(99) });
		say('identify', { user: [] });
		say('toString', {});
		for (let i = 0; i < 10000; i++) say('page', { attentive: i % 2 === 0 });
		say('open', {});
		return true;
	})()`)
	v.until(`heard.right.includes('live')`)
	eval[bool](v, `(right.postMessage({ chatbot: 1, type: 'send', text: 'Hello' }), true)`)
	p.untilAnswers(1)
	if said := evalIn[string](v, p.target, `[...document.querySelectorAll('[role=log] .mine .text')].map(e => e.textContent).join('|')`); said != "Hello" {
		t.Errorf("sent was %q", said)
	}
	if strings.Contains(v.console.String(), "Uncaught") {
		t.Errorf("errors in the console:\n%s", v.console)
	}
}

// The loader answers the hello of its own frame and of no other, though another
// of the same origin says it over and over while the own one is loaded.
func TestOnlyTheOwnFrameIsGreeted(t *testing.T) {
	w := newWorld(t)
	w.gate.runBefore(`if (!window.name) setInterval(() => parent.postMessage({ chatbot: 1, type: 'hello', nonce: 'n' }, '*'), 1);`)
	w.more["/count.js"] = `window.hellos = 0; addEventListener('message', e => { hellos += e.data.nonce === 'n' });`
	w.setPage(`<script src="/count.js"></script><iframe src="` + w.url("/chatbot-frame.html?site="+w.site.URL) + `"></iframe>`)
	v := newVisitor(t)
	v.open(w.site.URL)
	v.until(`hellos > 0`)
	eval[bool](v, `document.body.append(Object.assign(document.createElement('script'), { src: `+quote(w.url("/chatbot-widget.js"))+` })), true`)
	v.until(`window.ChatbotWidget`)
	before := eval[int](v, `(ChatbotWidget.open(), hellos)`)
	v.until(`ChatbotWidget.state.realtimeConnected`)
	if n := eval[int](v, `hellos`); n == before {
		t.Error("the other frame said nothing while the own one was loaded")
	}
}
