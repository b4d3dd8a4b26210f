// The page: a scan comes in, is answered at once with "seen", waits its turn, and its answer fills the screen.

import { clean, sameness } from "./codes.js";
import { deviceName, recall, remember } from "./device.js";
import { ask, questionOpen, refuseAtQuestion, startLeaving, startManual, startSignIn, startStation } from "./dialogs.js";
import { byId, icon, make, nonce, say, setup } from "./page.js";
import { NotAccepted, Queue } from "./queue.js";
import { Scanner } from "./scanner.js";
import { postPrintResult, postScan } from "./server.js";
import { muted, play, setMuted, startSounds, VERDICT_TONES } from "./sounds.js";
import { hideFlash, refuse, show, stopped, stopScreen, STOPS } from "./verdict.js";
import { Work } from "./work.js";

const SAME_SCAN = 1500;
const SLOW = 1000;
const LONGEST_CODE = 300;

const seen = new Map();
let newest = null;
let leaving = false;

const work = new Work({ scan: chosen, ask: question });
const queue = new Queue({ send, onAnswer, onNotAccepted, onSignedOut: (why) => askPassword(why), onChange: showWaiting });
const askPassword = startSignIn({ onback: () => queue.goOn("signed out"), mayLeave: () => true });

// In ----------------------------------------------------------------------------------------------------------------
function onCode(text) {
    const code = clean(text);
    if (!code) return;
    if (stopped()) return refuse();
    if (questionOpen()) return refuseAtQuestion();
    if (byId("station").open || byId("sign-in-again").open) return play("wrong");
    for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
    if (code.length > LONGEST_CODE) return showLast("wrong", say("too_long"), code.slice(0, 40));
    const now = performance.now();
    const key = `${work.job} ${sameness(code)}`;
    if (now - (seen.get(key) ?? -Infinity) < SAME_SCAN) {
        play("same");
        return showLast("same", say("same_scan"), code);
    }
    forgetOld(now);
    seen.set(key, now);
    hideFlash();
    return accept({ job: work.job, collecting: work.collecting, scan: { code } });
}

/** An act by a button: it says itself what it asks. */
function chosen({ job, act, code, parcel = null, codes }) {
    if (job !== work.job) switchTo(job);
    accept({ job, collecting: false, scan: { code, act, parcel, ...(codes ? { codes } : {}) } });
}

function accept(entry, first = false) {
    Object.assign(entry.scan, {
        nonce: nonce(),
        station: recall("station"),
        device: deviceName(),
        printer: recall("printer"),
        scanned_at: new Date().toISOString(),
    });
    if (!first) {
        newest = entry;
        play("scanned");
        showLast("wait", say("scanned"), entry.scan.code);
    }
    setTimeout(() => isSlow(entry), SLOW);
    queue.add(entry, first);
}

function isSlow(entry) {
    if (!queue.entries.includes(entry) || stopped()) return;
    play("kept");
    if (newest === entry) showLast("wait", say("kept"), entry.scan.code);
}

function forgetOld(now) {
    for (const [key, time] of seen) if (now - time >= SAME_SCAN) seen.delete(key);
}

// Out ---------------------------------------------------------------------------------------------------------------
function send(entry) {
    if (entry.report) return postPrintResult(entry.report.attempt, entry.report.outcome, entry.nonce);
    // Once it has been sent, a scan stays what it is: a repeat must be the same to the letter.
    if (!entry.scan.act) Object.assign(entry.scan, work.meaning(entry.job, entry.collecting));
    return postScan(entry.scan);
}

async function onAnswer(entry, answer) {
    if (entry.report) return onReported(entry.report);
    const next = work.next(entry, answer);
    if (next) return asksNext(entry, next);
    const facts = work.takes(entry, answer);
    const code = answer.parcel?.number || answer.seen?.code || entry.scan.code;
    const { verdict, word, reason, help } = answer;
    if (newest === entry) showLast(verdict, word || say(verdict), code);
    if (answer.choices?.length) return choose(entry, answer);
    const shown = { verdict, word: word || say(verdict), reason, help, code, facts };
    if (STOPS.includes(verdict)) return halt(shown);
    show(shown);
    return answer.print?.granted ? askPrinted(answer.print) : undefined;
}

function asksNext(entry, next) {
    const follower = { ...entry, scan: { code: entry.scan.code, ...next } };
    if (newest === entry) newest = follower;
    accept(follower, true);
}

async function halt(shown) {
    queue.stop("stop screen");
    await stopScreen(shown, queue.length);
    // What was wrong has been dealt with: the same code again is meant.
    seen.clear();
    queue.goOn("stop screen");
}

async function question(asked) {
    queue.stop("question");
    const answer = await ask(asked);
    queue.goOn("question");
    return answer;
}

async function choose(entry, { choices }) {
    play("attention");
    const asked = choices.map(({ parcel, label }) => ({ value: parcel, words: label }));
    const parcel = await question({ title: say("which_parcel"), notes: [entry.scan.code], choices: asked, cancels: true });
    if (parcel === null) return;
    const { code, act, codes } = entry.scan;
    accept({ job: entry.job, collecting: entry.collecting, scan: { code, act, parcel, ...(codes ? { codes } : {}) } });
}

async function askPrinted({ id, waybill, carrier, copy }) {
    const outcome = await question({
        title: say("how_printed"),
        notes: [[waybill, carrier, copy > 1 ? say("copy", { n: copy }) : ""].filter(Boolean).join(" · ")],
        choices: [
            { value: "printed", words: say("printed"), kind: ".is-yes.is-large" },
            { value: "failed", words: say("print_failed") },
            { value: "unknown", words: say("print_unknown") },
        ],
    });
    queue.add({ job: "print", nonce: nonce(), report: { attempt: id, outcome, title: waybill } }, true);
}

function onReported({ outcome, title }) {
    if (outcome === "printed") work.wasPrinted(title);
    const [verdict, word, reason] = {
        printed: ["pass", say("printed"), ""],
        failed: ["attention", say("print_failed"), say("after_failed")],
        unknown: ["attention", say("print_unknown"), say("after_unknown")],
    }[outcome];
    showLast(verdict, word, title);
    show({ verdict, word, reason, code: title, facts: [] });
}

function onNotAccepted(entry, detail) {
    const help = entry.report ? say("report_not_accepted") : say("not_accepted");
    const code = entry.report ? entry.report.title : entry.scan.code;
    showLast("stop", say("stop"), code);
    halt({ verdict: "stop", word: say("stop"), reason: detail || help, help: detail ? help : "", code, facts: [] });
}

// The frame of the page ---------------------------------------------------------------------------------------------
function showLast(verdict, word, code) {
    const strip = byId("last");
    strip.className = `last is-${verdict}`;
    strip.querySelector("use").setAttribute("href", `#icon-${verdict}`);
    byId("last-word").textContent = word;
    byId("last-code").textContent = code;
}

function showWaiting({ length, failing }) {
    const chip = byId("waiting");
    chip.textContent = say("waiting", { n: length });
    chip.dataset.count = String(length);
    chip.classList.toggle("is-some", length > 0);
    chip.classList.toggle("is-failing", failing);
    banner("offline", failing ? say("offline") : "");
}

function banner(name, words, ...rest) {
    const id = `banner-${name}`;
    const there = byId(id);
    // A banner that is drawn anew under a finger loses the tap.
    if (there?.textContent.startsWith(words) && words) return;
    there?.remove();
    if (!words) return;
    const line = make("p.banner", { id }, icon(name === "offline" ? "wait" : "mute"), make("span", {}, words), ...rest);
    line.setAttribute("role", "status");
    byId("banners").append(line);
}

function showSound(state) {
    banner("blocked", state.blocked && !state.muted ? say("sound_blocked") : "");
    const on = make("button.button.is-bare", { type: "button", onclick: () => setMuted(false) }, say("sound_on"));
    banner("muted", state.muted ? say("muted") : "", on);
    byId("mute-word").textContent = say(state.muted ? "sound_on" : "sound_off");
}

function switchTo(job) {
    remember("job", job);
    for (const each of byId("jobs").children) each.setAttribute("aria-pressed", String(each.dataset.job === job));
    work.switchTo(job);
}

function startJobs() {
    byId("jobs").append(
        ...setup.acts.map((job) => {
            const chooser = make("button.job", { type: "button", onclick: () => switchTo(job) }, icon(job), make("span", {}, say(job)));
            chooser.dataset.job = job;
            return chooser;
        }),
    );
    switchTo(setup.acts.includes(recall("job")) ? recall("job") : setup.acts[0]);
}

function startMenu() {
    byId("open-menu").addEventListener("click", () => byId("menu").showModal());
    byId("mute").addEventListener("click", () => setMuted(!muted()));
    byId("try-sound").addEventListener("click", () => VERDICT_TONES.forEach((tone, place) => setTimeout(play, place * 1300, tone)));
}

const mayLeave = () => !queue.length || window.confirm(say("lost_if_leaving", { n: queue.length }));

async function stayAwake() {
    if (!navigator.wakeLock || document.visibilityState !== "visible") return;
    // Refused on low battery; then the screen sleeps as the device is set.
    await navigator.wakeLock.request("screen").catch(() => null);
}

startSounds(showSound);
showLast("barcode", say("ready"), "");
showWaiting({ length: 0, failing: false });
startJobs();
startMenu();
startManual(onCode);
startStation(() => (byId("station-name").textContent = recall("station")));
startLeaving({ mayLeave, onleave: () => (leaving = true) });
new Scanner({ sink: byId("sink"), onCode }).takeFocus();
stayAwake();
document.addEventListener("visibilitychange", stayAwake);
window.addEventListener("beforeunload", (event) => {
    if (queue.length && !leaving) event.preventDefault();
});
