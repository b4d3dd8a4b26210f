// The jobs: what a scan means in each, what its answer changes, and what is drawn. No request is made here.

import { checkCard, counts, list, nextLine, parcelCard, prompt, tally, waveCard } from "./cards.js";
import { button, byId, make, say } from "./page.js";

const LARGEST_WAVE = 500;
const KEPT_ROWS = 30;
const DONE = ["pass", "attention"];

export class Work {
    /** `scan({act, code, parcel, codes})` sends an act that a person chose with a button; `ask(…)` asks them first. */
    constructor({ scan, ask }) {
        this.scan = scan;
        this.ask = ask;
        this.job = "look";
        this.found = null;
        this.open = null;
        this.collecting = false;
        this.collected = [];
        this.wave = null;
        this.done = { pack: [], print: [], ship: [] };
        this.total = { pack: 0, print: 0, ship: 0 };
    }

    switchTo(job) {
        this.job = job;
        this.draw();
    }

    /** What a scan asks of the server, decided when it leaves: by then the answers before it are known. */
    meaning(job, collecting) {
        if (job === "pack" && collecting) return { act: "look", parcel: null };
        if (job !== "check") return { act: job, parcel: null };
        const missing = this.open && nextLine(this.open.parcel);
        return missing ? { act: "check", parcel: this.open.parcel.id } : { act: "look", parcel: null };
    }

    /** What must be asked next before anything is shown: goods where a parcel was expected are judged as what they are. */
    next({ job, collecting, scan }, { seen }) {
        if (scan.act !== "look" || seen.kind !== "goods") return null;
        if (job === "check") return { act: "check", parcel: this.open ? this.open.parcel.id : null };
        return job === "pack" && collecting ? { act: "pack", parcel: null } : null;
    }

    /** Takes an answer in; gives the facts that the full screen adds to it. */
    takes(entry, answer) {
        const facts = this[`takes_${entry.job}`](entry, answer) || [];
        this.draw();
        return facts;
    }

    takes_look(_entry, answer) {
        this.found = answer.parcel ? answer : null;
    }

    takes_check(entry, answer) {
        const { parcel } = answer;
        if (entry.scan.act === "pack") {
            if (DONE.includes(answer.verdict)) this.counts("pack", answer);
            if (DONE.includes(answer.verdict) || answer.verdict === "same") this.open = null;
            return [];
        }
        const mine = parcel && (!this.open || entry.scan.act === "look" || parcel.id === this.open.parcel.id);
        if (mine) this.open = parcel.held || parcel.state !== "to_pick" ? null : answer;
        if (!DONE.includes(answer.verdict)) return [];
        if (!this.open) return parcel ? [parcel.state_word] : [];
        const next = nextLine(this.open.parcel);
        const { quantity, checked } = counts(this.open.parcel);
        if (!quantity) return [say("nothing_to_check")];
        return [say("pieces", { quantity, checked }), next ? say("next_piece_is", next) : say("all_checked")];
    }

    takes_pack(entry, answer) {
        if (entry.collecting) return this.collects(answer);
        if (answer.wave) {
            this.wave = answer.wave;
            this.found = null;
            if (entry.scan.codes) this.collected = [];
            for (const each of answer.wave.packed) this.counts("pack", { verdict: "pass", parcel: each });
            const left = answer.wave.left_out.length;
            const facts = [say("packed_count", { n: answer.wave.packed.length })];
            return left ? [...facts, say("left_out_count", { n: left })] : facts;
        }
        this.wave = null;
        if (DONE.includes(answer.verdict)) this.counts("pack", answer);
        return [];
    }

    collects(answer) {
        const { parcel } = answer;
        if (answer.seen.kind === "wave") return [say("wave_alone")];
        if (!parcel || !DONE.includes(answer.verdict)) return [];
        if (this.collected.some((each) => each.id === parcel.id)) return [say("already_collected")];
        if (this.collected.length >= LARGEST_WAVE) return [say("collect_full", { n: LARGEST_WAVE })];
        this.collected.unshift(parcel);
        return [say("collected", { n: this.collected.length })];
    }

    takes_print(_entry, answer) {
        this.found = answer.parcel ? answer : null;
    }

    takes_ship(_entry, answer) {
        if (!DONE.includes(answer.verdict) || answer.parcel?.state !== "shipped") return [];
        this.counts("ship", answer);
        return [say("shipped_count", { n: this.total.ship })];
    }

    wasPrinted(title) {
        this.total.print += 1;
        this.done.print.unshift({ verdict: "pass", title });
        this.done.print.length = Math.min(this.done.print.length, KEPT_ROWS);
        this.draw();
    }

    counts(job, { verdict, parcel }) {
        this.total[job] += 1;
        const title = (job === "ship" && parcel?.waybill) || parcel?.number || "";
        this.done[job].unshift({ verdict, title, note: parcel?.carrier || "" });
        this.done[job].length = Math.min(this.done[job].length, KEPT_ROWS);
    }

    // Drawing -------------------------------------------------------------------------------------------------------
    draw() {
        const { content, acts } = this[`draw_${this.job}`]();
        byId("work").replaceChildren(...content.filter(Boolean));
        byId("acts").replaceChildren(...acts.filter(Boolean));
    }

    draw_look() {
        if (!this.found) return { content: [prompt("look", "prompt_look")], acts: [] };
        const { parcel, allowed } = this.found;
        const one = (act) => ({ act, code: parcel.number, parcel: parcel.id });
        const acts = [
            allowed.includes("check") && button("", say("check_now"), () => this.scan({ job: "check", ...one("look") }), "check"),
            allowed.includes("pack") && button("", say("pack_now"), () => this.scan({ job: "pack", ...one("pack") }), "pack"),
            allowed.includes("print") && button("", say("print_now"), () => this.scan({ job: "print", ...one("print") }), "print"),
        ];
        return { content: [parcelCard(parcel), parcel.lines.length ? list(parcel.lines.map(asRow)) : null], acts };
    }

    draw_check() {
        if (!this.open) return { content: [prompt("check", "prompt_check")], acts: [] };
        const { parcel, allowed } = this.open;
        const packs = !nextLine(parcel) && allowed.includes("pack");
        const pack = () => this.scan({ job: "check", act: "pack", code: parcel.number, parcel: parcel.id });
        const leave = () => {
            this.open = null;
            this.draw();
        };
        return {
            content: [checkCard(parcel)],
            acts: [packs && button(".is-primary.is-large", say("pack_now"), pack, "pack"), button("", say("other_parcel"), leave)],
        };
    }

    draw_pack() {
        const way = (collecting, words) => {
            const chosen = button(".is-choice", say(words), () => this.collectsNow(collecting));
            chosen.setAttribute("aria-pressed", String(this.collecting === collecting));
            return chosen;
        };
        const ways = make("div.pair.ways", {}, way(false, "one_by_one"), way(true, "collect"));
        if (!this.collecting) {
            const rows = this.done.pack.length && !this.wave ? list(this.done.pack) : null;
            const middle = this.wave ? waveCard(this.wave) : rows || prompt("pack", "prompt_pack");
            return { content: [ways, this.tallyOf("pack", "packed_here"), middle], acts: [] };
        }
        const rows = this.collected.map((parcel) => ({
            verdict: "pass", title: parcel.number, note: parcel.state_word, onremove: () => this.removes(parcel),
        }));
        const confirm = button(".is-primary.is-large", say("confirm_pack", { n: rows.length }), () => this.confirmsWave(), "pack");
        const shown = rows.length ? list(rows) : this.wave ? waveCard(this.wave) : prompt("pack", "prompt_collect");
        return { content: [ways, shown], acts: [rows.length ? confirm : null] };
    }

    draw_print() {
        const card = this.found?.print ? parcelCard(this.found.parcel) : prompt("print", "prompt_print");
        return { content: [this.tallyOf("print", "printed_here"), this.done.print.length ? list(this.done.print) : card], acts: [] };
    }

    draw_ship() {
        const rows = this.done.ship.length ? list(this.done.ship) : prompt("ship", "prompt_ship");
        return { content: [this.tallyOf("ship", "shipped_here"), rows], acts: [] };
    }

    tallyOf(job, words) {
        return tally(words, this.total[job], () => {
            this.total[job] = 0;
            this.done[job] = [];
            this.draw();
        });
    }

    collectsNow(collecting) {
        this.collecting = collecting;
        this.wave = null;
        this.draw();
    }

    removes(parcel) {
        this.collected = this.collected.filter((each) => each.id !== parcel.id);
        this.draw();
    }

    async confirmsWave() {
        const codes = this.collected.map((parcel) => parcel.number);
        const title = say("confirm_pack", { n: codes.length });
        const answer = await this.ask({ title, choices: [{ value: "yes", words: title, kind: ".is-primary.is-large" }], cancels: true });
        if (answer === "yes") this.scan({ job: "pack", act: "pack", code: "", codes });
    }
}

const asRow = (line) => ({
    verdict: line.checked >= line.quantity ? "pass" : "same", title: line.name, note: say("checked_of", line),
});
