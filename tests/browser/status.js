/*
 * status.js URL TOKEN [FOLDER]: what a person sees of the status page, in a
 * real browser.  A line for each thing that was looked at, "ok: ..." or "FAILED:
 * ..."; pictures go into FOLDER.
 */
"use strict";
const { chromium } = require("playwright-core");
const path = require("path");

const [, , base, token, folder] = process.argv;
const complaints = [];
let browser;

function told(ok, sentence, why) {
	console.log((ok ? "ok: " : "FAILED: ") + sentence +
	    (ok || why === undefined ? "" : ": " + why));
}

function equal(sentence, wanted, got) {
	told(wanted === got, sentence, "wanted '" + wanted + "', got '" + got +
	    "'");
}

/* TEST becomes true, in SECONDS at most. */
async function until(sentence, test, seconds) {
	const end = Date.now() + (seconds || 8) * 3000;
	let last;

	while (Date.now() < end) {
		last = await test().catch((error) => String(error));
		if (last === true) {
			told(true, sentence);
			return;
		}
		await new Promise((next) => setTimeout(next, 100));
	}
	told(false, sentence, last);
}

async function open(options, where) {
	const context = await browser.newContext(Object.assign({
		viewport: { width: 1280, height: 800 } }, options));
	const page = await context.newPage();

	page.on("pageerror", (error) => complaints.push(error.message));
	page.on("dialog", (dialog) => {
		complaints.push("dialog " + dialog.message());
		dialog.dismiss();
	});
	page.on("console", (message) => {
		if (message.type() === "error" && !/status of (401|403|409|503)/.test(
		    message.text()))
			complaints.push(message.text());
	});
	if (where !== undefined)
		await page.goto(base + where);
	return page;
}

async function shoot(page, name) {
	if (folder)
		await page.screenshot({ path: path.join(folder, name + ".png"),
			fullPage: true });
}

const state = (page, job) => async () => (await page.textContent("#job-" +
    job + " .state", { timeout: 1000 })).trim();
const is = (page, job, wanted) => async () => {
	const got = await state(page, job)();

	return got === wanted || job + " is " + got;
};

async function login(page) {
	await page.goto(base + "/login");
	await page.fill("#token", token);
	await page.press("#token", "Enter");
	await page.waitForURL(base + "/");
}

/* ---- While a job runs --------------------------------------------------- */

async function watch(page) {
	const done = async () => Number(await page.getAttribute(
	    "#job-long progress", "value"));
	const before = await done();

	equal("the page has a name", "syncgate",
	    (await page.title()).split(" ")[0]);
	await until("it is live", async () =>
	    await page.textContent("#live") === "Live");
	await until("the progress goes on by itself", async () =>
	    await done() > before + 1);
	await until("a chart says how fast", async () =>
	    /kB\/s now, at most/.test(await page.getAttribute(
	    "#job-long svg.chart", "aria-label", { timeout: 500 })), 12);
	equal("what others wrote is text", "/<img src=x onerror=alert(1)>",
	    await page.textContent("#job-evil .what"));
	await shoot(page, "running");
}

/* ---- Who may ------------------------------------------------------------ */

async function enter(page) {
	await page.click("#job-flaky button:has-text('Run now')");
	await page.waitForURL("**/login?first=1");
	equal("a button leads who is not known to the login",
	    "Log in first: nothing was changed.",
	    await page.textContent("[role=alert]"));
	equal("which has a label", "Token",
	    (await page.textContent("label[for=token]")).trim());
	equal("and the focus", "token", await page.evaluate(() =>
	    document.activeElement.id));
	await page.fill("#token", "nonsense");
	await page.press("#token", "Enter");
	await page.waitForSelector("text=That is not the token");
	told(true, "a wrong token is told");
	await shoot(page, "login");
	await login(page);
	told(await page.isVisible("text=Log out"), "the right one is taken");
	equal("scripts do not see the cookie", "", await page.evaluate(() =>
	    document.cookie));
}

/* ---- A job fails, and is held ------------------------------------------- */

async function fail(page) {
	await page.click("#job-flaky button:has-text('Run now')");
	await until("what was done is told", async () =>
	    /job flaky: starts/.test(await page.textContent("#note")));
	await until("a job that fails again and again is seen to be held",
	    is(page, "flaky", "held"));
	equal("who does not look hears it", "flaky is held",
	    await page.textContent("#spoken"));
	equal("with why, link by link", "at the end|it did not want to",
	    (await page.$$eval("#job-flaky .chain li", (all) =>
	    all.map((one) => one.textContent))).join("|"));
	told(/[1-9] held/.test(await page.textContent("#summary")),
	    "the head counts it");
	await shoot(page, "held");
	await page.click("#job-flaky th a");
	await page.waitForSelector(".runs");
	told((await page.$$(".runs tbody tr")).length >= 2,
	    "its page has its runs");
	await until("and is live", async () =>
	    await page.textContent("#live") === "Live");
	await page.click("#job-flaky button:has-text('Resume')");
	await until("a new run appears there by itself", async () =>
	    (await page.$$(".runs tbody tr")).length >= 4);
	await shoot(page, "job");
	await page.click("text=All jobs");
}

async function approve(page) {
	await until("a job that would lose much is held",
	    is(page, "risky", "held"));
	equal("its sample is shown", "delete one|delete <b>two</b>",
	    (await page.$$eval("#job-risky .sample li", (all) =>
	    all.slice(0, 2).map((one) => one.textContent))).join("|"));
	await page.goto(base + "/job/risky");
	equal("all of it, and of what it does, on its own page", "none none",
	    await page.evaluate(() => [[".sample", "maxHeight"], [".what",
	    "webkitLineClamp"]].map(([one, what]) => getComputedStyle(
	    document.querySelector(one))[what]).join(" ")));
	await page.goto(base + "/");
	await page.click("#job-risky button:has-text('Approve')");
	await until("once approved it goes on", is(page, "risky", "done"));
	told(!await page.isVisible("#job-risky .hold"),
	    "and nothing is held any more");
	await shoot(page, "approved");
}

/* ---- By keyboard alone -------------------------------------------------- */

const focus = (page) => page.evaluate(() => {
	const at = document.activeElement;
	const style = getComputedStyle(at);

	return { text: at.textContent.trim(), id: at.id,
	    value: at.getAttribute("value"),
	    seen: style.outlineStyle !== "none" &&
		parseFloat(style.outlineWidth) >= 2 };
});

async function keys(page) {
	let at;

	await page.goto(base + "/");
	await page.keyboard.press("Tab");
	at = await focus(page);
	equal("the first key leads to the skip link", "Skip to the content",
	    at.text);
	told(at.seen, "and that is seen");
	await page.keyboard.press("Enter");
	equal("which leads to the jobs", "main", (await focus(page)).id);
	for (let i = 0; i < 40 && at.value !== "pause long"; i++) {
		await page.keyboard.press("Tab");
		at = await focus(page);
		if (!at.seen)
			told(false, "the focus is seen", at.text);
	}
	equal("each button is reached", "Pause long", at.text);
	await page.keyboard.press("Enter");
	await until("and pressed", is(page, "long", "paused"));
	at = await focus(page);
	equal("the focus stays at that job", "Resume long|Stop long",
	    ["Resume long", "Stop long"].includes(at.text) ?
	    "Resume long|Stop long" : at.text);
	await page.click("#job-long button:has-text('Resume')");
	await until("it goes on", is(page, "long", "running"));
}

/* ---- Without a script --------------------------------------------------- */

async function plain() {
	const page = await open({ javaScriptEnabled: false });

	await login(page);
	equal("without a script there is a table", "Job State Lag Progress Rate",
	    (await page.$$eval("#jobs thead th", (all) => all.map((one) =>
	    one.textContent))).slice(0, 5).join(" "));
	await page.click("#job-long button:has-text('Stop')");
	await page.waitForURL("**/?said=*");
	equal("whose buttons work", "job long: stops",
	    await page.textContent("#note"));
	await until("the job", async () => {
		await page.reload();
		return is(page, "long", "stopped")();
	});
	await page.click("#job-long button:has-text('Start')");
	await page.waitForURL("**/?said=*");
	await shoot(page, "plain");
	await page.context().close();
}

/* ---- Small, dark, and readable ------------------------------------------ */

/* The least contrast of any text with what is behind it (WCAG). */
const contrast = (page) => page.evaluate(() => {
	const parts = (text) => text.match(/[\d.]+/g).map(Number);
	const light = (c) => c.slice(0, 3).map((v) => v / 255).map((v) =>
	    v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4).reduce(
	    (sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	let least = [99, ""];

	for (const one of document.querySelectorAll("body *")) {
		const text = Array.from(one.childNodes).some((n) =>
		    n.nodeType === 3 && n.data.trim() !== "");
		let behind = one, paper = [0, 0, 0, 0];

		if (!text || !one.checkVisibility() ||
		    one.closest(".hidden, svg, .skip"))
			continue;
		while (behind && (paper.length === 4 && paper[3] === 0)) {
			paper = parts(getComputedStyle(behind).backgroundColor);
			behind = behind.parentElement;
		}
		const a = light(parts(getComputedStyle(one).color));
		const b = light(paper);
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);

		if (ratio < least[0])
			least = [ratio, one.className + " " + one.textContent];
	}
	return least;
});

async function looks() {
	for (const [scheme, width, name] of [["light", 1280, "wide"],
	    ["dark", 1280, "dark"], ["light", 390, "phone"],
	    ["dark", 320, "small"]]) {
		const page = await open({ colorScheme: scheme,
			viewport: { width: width, height: 844 } }, "/");
		const least = await contrast(page);

		told(least[0] >= 4.5, name + ": all text can be read", least);
		equal(name + ": nothing is wider than the screen", true,
		    await page.evaluate(() => document.documentElement
		    .scrollWidth <= window.innerWidth));
		if (width < 500)
			equal(name + ": buttons are large enough for a thumb",
			    true, await page.$$eval("td.actions button",
			    (all) => all.every((one) => one
			    .getBoundingClientRect().height >= 44)));
		await shoot(page, name);
		await page.goto(base + "/job/flaky");
		equal(name + ": nor of a job's page", true,
		    await page.evaluate(() => document.documentElement
		    .scrollWidth <= window.innerWidth));
		await shoot(page, name + "-job");
		await page.context().close();
	}
}

async function main() {
	browser = await chromium.launch({ args: ["--no-sandbox"],
		executablePath: process.env.CHROMIUM || "/usr/bin/chromium" });
	const page = await open({}, "/");

	await watch(page);
	await enter(page);
	await fail(page);
	await approve(page);
	await keys(page);
	await plain();
	await looks();
	equal("the browser has nothing to complain of", "",
	    complaints.join("; "));
	/* The last word is the test's: it ends the daemon now. */
	console.log("end the daemon");
	await until("that there is no answer is told", async () =>
	    /^Not up to date/.test(await page.textContent("#live")));
	await shoot(page, "gone");
	await browser.close();
}

main().catch(async (error) => {
	told(false, "it runs", error.stack);
	if (browser)
		await browser.close();
	process.exit(1);
});
