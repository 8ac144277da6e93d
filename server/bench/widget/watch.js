// Put before every document's own scripts, in the page and in frames: notes when
// what is waited for has been painted, in milliseconds since 1970, and what the
// main thread was busy with.
(() => {
	const watch = window.benchWatch = { long: [], shift: 0, clicked: 0, seen: {}, wanted: {} };
	const now = () => performance.timeOrigin + performance.now();
	const observe = (type, take) => new PerformanceObserver(list => list.getEntries().forEach(take)).observe({ type, buffered: true });
	observe("longtask", e => watch.long.push(e.duration));
	observe("layout-shift", e => { if (!e.hadRecentInput) watch.shift += e.value; });
	addEventListener("pointerdown", e => { watch.clicked ||= performance.timeOrigin + e.timeStamp; }, true);

	// find follows a path of selectors through shadow roots.
	const find = path => path.split(">>>").reduce((root, selector) => {
		const e = root && root.querySelector(selector.trim());
		return e && (e.shadowRoot || e);
	}, document);
	const element = path => { const e = find(path); return e instanceof ShadowRoot ? e.host : e; };
	const visible = path => {
		const e = element(path);
		const box = e && e.getBoundingClientRect();
		return !!box && box.width > 0 && box.height > 0 && getComputedStyle(e).visibility === "visible" && !e.disabled;
	};
	watch.centre = path => { const r = element(path).getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; };
	watch.element = element;
	watch.visible = visible;

	// What is there in one frame has been painted when the next one begins.
	const due = new Set();
	const tick = () => {
		for (const name of due) watch.seen[name] ||= now();
		due.clear();
		for (const [name, holds] of Object.entries(watch.wanted)) {
			if (!watch.seen[name] && holds()) due.add(name);
		}
		if (!watch.ended) requestAnimationFrame(tick);
	};
	watch.wanted = { WANTED };
	requestAnimationFrame(tick);

	// The memory of a WebAssembly program is nowhere else to be seen.
	const keep = made => { const e = made.instance.exports; watch.memory = e.memory || e.mem; return made; };
	const { instantiateStreaming } = WebAssembly;
	WebAssembly.instantiateStreaming = (...args) => instantiateStreaming(...args).then(keep);
})();
