/*
 * Keeps the page up to date, and sends what its buttons say without leaving it.
 * Without this file the page is whole; it is only as old as its last load.
 */
"use strict";
(function () {

const live = document.getElementById("live");
const act = document.getElementById("act");
const jobs = document.getElementById("jobs");
const job = location.pathname.startsWith("/job/") ?
    location.pathname.slice(5) : "";

/* ---- Parts -------------------------------------------------------------- */

/*
 * Make HAVE what WANT is, and keep each element that stays: who has the focus
 * there, or selects a text, is not disturbed.
 */
function morph(have, want) {
	if (have.nodeType !== want.nodeType ||
	    have.nodeName !== want.nodeName) {
		have.replaceWith(want);
		return;
	}
	if (have.nodeType !== Node.ELEMENT_NODE) {
		if (have.data !== want.data)
			have.data = want.data;
		return;
	}
	for (const a of Array.from(have.attributes))
		if (!want.hasAttribute(a.name))
			have.removeAttribute(a.name);
	for (const a of want.attributes)
		if (have.getAttribute(a.name) !== a.value)
			have.setAttribute(a.name, a.value);
	const old = Array.from(have.childNodes);
	const fresh = Array.from(want.childNodes);
	for (let i = 0; i < fresh.length; i++) {
		if (i < old.length)
			morph(old[i], fresh[i]);
		else
			have.append(fresh[i]);
	}
	for (let i = fresh.length; i < old.length; i++)
		old[i].remove();
}

function parse(html) {
	const template = document.createElement("template");

	template.innerHTML = html.startsWith("<tbody") ?
	    "<table>" + html + "</table>" : html;
	return html.startsWith("<tbody") ?
	    template.content.querySelector("tbody") :
	    template.content.firstElementChild;
}

/* What somebody who does not look should hear. */
function tell(before, part) {
	const state = part.dataset.state;
	const spoken = document.getElementById("spoken");

	if (state && before && before !== state && spoken &&
	    (state === "held" || state === "failing"))
		spoken.textContent = part.id.slice(4) + " is " + state;
}

function take(part) {
	const have = document.getElementById(part.id);

	if (have) {
		const before = have.dataset.state;

		tell(before, part);
		morph(have, part);
	} else if (jobs && part.id.startsWith("job-")) {
		jobs.append(part);
	}
}

/* NAMES are all jobs, in their order. */
function arrange(names) {
	const wanted = new Set(names.map((name) => "job-" + name));

	if (!jobs)
		return;
	for (const body of Array.from(jobs.tBodies))
		if (!wanted.has(body.id))
			body.remove();
	let at = jobs.tHead;
	for (const id of wanted) {
		let body = document.getElementById(id);

		if (!body) {
			body = document.createElement("tbody");
			body.id = id;
		}
		if (at.nextElementSibling !== body)
			at.after(body);
		at = body;
	}
}

/* ---- The stream --------------------------------------------------------- */

let source = null;
let again = 0;

function say(text, off) {
	live.hidden = false;
	live.textContent = text;
	live.className = off ? "off" : "";
}

/* One run more: its line belongs in the history. */
function history_of(part) {
	const have = document.getElementById("panel");

	if (!job || !have || part.id !== "panel" ||
	    have.dataset.ended === part.dataset.ended)
		return;
	setTimeout(reload, 500, "history");
}

/* The page anew, of which the part ID, or all that is shown, is taken. */
function reload(id) {
	fetch(location.pathname).then((r) => r.text()).then((text) => {
		const page = new DOMParser().parseFromString(text,
		    "text/html");
		const have = document.getElementById(id);
		const want = page.getElementById(id);

		if (have && want)
			morph(have, document.adoptNode(want));
	}).catch(() => say("Not up to date: no answer", true));
}

function open() {
	source = new EventSource("/events" + (job ? "?job=" +
	    encodeURIComponent(job) : ""));
	source.onopen = () => say("Live", false);
	source.addEventListener("part", (event) => {
		const part = parse(event.data);

		if (!part)
			return;
		history_of(part);
		take(part);
	});
	source.addEventListener("list", (event) =>
	    arrange(JSON.parse(event.data)));
	source.onerror = () => {
		say("Not up to date: trying again", true);
		/* The browser goes on itself, unless it was refused. */
		if (source.readyState === EventSource.CLOSED && !again)
			again = setTimeout(() => {
				again = 0;
				open();
			}, 5000);
	};
}

/* A page that nobody sees needs no stream. */
function follow() {
	if (document.hidden && source) {
		source.close();
		source = null;
	} else if (!document.hidden && !source) {
		open();
	}
}

if (live && act) {
	follow();
	document.addEventListener("visibilitychange", follow);
}

/* ---- Buttons ------------------------------------------------------------ */

function note(text, ok) {
	const line = document.getElementById("note");

	line.className = ok ? "note" : "note bad";
	line.textContent = text;
}

function send(button) {
	const form = new URLSearchParams(new FormData(act));

	form.set(button.name, button.value);
	button.setAttribute("aria-disabled", "true");
	return fetch(act.action, { method: "POST", body: form,
	    headers: { Accept: "application/json" } }).then((response) => {
		if (response.status === 401) {
			location.href = "/login?first=1";
			return null;
		}
		return response.json();
	}).then((answer) => {
		if (answer)
			note(answer.ok ? answer.text : answer.error, answer.ok);
	}).catch(() => note("Not done: no answer", false)).finally(() =>
	    button.removeAttribute("aria-disabled"));
}

if (act)
	act.addEventListener("submit", (event) => {
		const button = event.submitter;

		if (!button || !button.name)
			return;
		event.preventDefault();
		if (!button.hasAttribute("aria-disabled"))
			send(button);
	});

}());
