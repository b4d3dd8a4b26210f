// What is drawn in the middle of the page. Every text comes as text, never as HTML.

import { icon, make, say } from "./page.js";

export function prompt(job, words) {
    return make("div.prompt", {}, make("div.prompt-icon", {}, icon(job)), make("p.prompt-word", {}, say(words)));
}

export function parcelCard(parcel) {
    const held = parcel.held || parcel.holds.length > 0;
    const facts = [
        [say("order"), parcel.order],
        [say("carrier"), parcel.carrier],
        [say("waybill"), parcel.waybill],
        [say("label"), parcel.label && labelWords(parcel.label)],
    ].filter((fact) => fact[1]);
    return make(
        `section.card${held ? ".is-held" : ""}`,
        {},
        make("div.card-head", {}, make("h2.number", {}, parcel.number), make("span.badge", {}, parcel.state_word)),
        ...parcel.holds.map((hold) => make("p.hold", {}, icon("stop"), make("b", {}, hold.word), hold.note ? ` ${hold.note}` : "")),
        make("dl.facts", {}, ...facts.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)])),
    );
}

function labelWords(label) {
    const state = say(`label_${label.state}`);
    return label.copy > 1 ? `${state} · ${say("copy", { n: label.copy })}` : state;
}

/** Every line with what belongs in and what was checked; what is wanted next stands first and large. */
export function checkCard(parcel) {
    const next = nextLine(parcel);
    const { quantity, checked } = counts(parcel);
    const bar = make("progress.progress", { max: Math.max(quantity, 1), value: checked });
    bar.setAttribute("aria-label", say("pieces", { quantity, checked }));
    return make(
        "section.card",
        {},
        make("div.card-head", {}, make("h2.number", {}, parcel.number), make("span.badge", {}, say("pieces", { quantity, checked }))),
        bar,
        next ? nextCard(next) : make("p.all-done", {}, icon("pass"), say(quantity ? "all_checked" : "nothing_to_check")),
        make("ul.lines", {}, ...parcel.lines.map((line) => lineRow(line, line === next))),
    );
}

function nextCard(line) {
    return make(
        "div.next",
        {},
        make("small", {}, say("next_piece")),
        make("p.next-name", {}, line.name),
        make("p.next-count", {}, make("span.mono", {}, line.code), say("checked_of", line)),
    );
}

function lineRow(line, isNext) {
    const done = line.checked >= line.quantity;
    return make(
        `li.line${done ? ".is-done" : ""}${isNext ? ".is-next" : ""}`,
        {},
        make("span.line-mark", {}, done ? icon("pass") : null),
        make("span.line-name", {}, line.name),
        make("span.line-count", { ariaLabel: say("checked_of", line) }, `${line.checked} / ${line.quantity}`),
    );
}

export const nextLine = (parcel) => parcel.lines.find((line) => line.checked < line.quantity) || null;

export function counts(parcel) {
    const sum = (name) => parcel.lines.reduce((total, line) => total + line[name], 0);
    return { quantity: sum("quantity"), checked: sum("checked") };
}

export function tally(words, number, onagain) {
    const again = make("button.button.is-bare", { type: "button", onclick: onagain }, say("start_again"));
    return make(
        "section.tally",
        {},
        make("span", {}, say(words)),
        make("b", {}, String(number), make("small", {}, say("pieces_unit"))),
        number ? again : null,
    );
}

/** The newest first; `rows` are {verdict, title, note, onremove}. */
export function list(rows) {
    return make("ul.rows", {}, ...rows.map(row));
}

function row({ verdict, title, note, onremove }) {
    const remove = onremove
        ? make("button.button.is-bare", { type: "button", onclick: onremove, ariaLabel: `${say("remove")} ${title}` }, icon("close"))
        : null;
    return make(
        `li.row.is-${verdict}`,
        {},
        make("span.row-mark", {}, icon(verdict)),
        make("span.row-text", {}, make("b.mono", {}, title), note ? make("small", {}, note) : null),
        remove,
    );
}

export function waveCard(wave) {
    const left = wave.left_out.map((each) => ({ verdict: "stop", title: each.number, note: each.reason }));
    return make(
        "section.card",
        {},
        make("p.wave-count", {}, icon("pass"), say("packed_count", { n: wave.packed.length })),
        left.length ? make("p.wave-left", {}, icon("stop"), say("left_out_count", { n: left.length })) : null,
        left.length ? list(left) : null,
    );
}
