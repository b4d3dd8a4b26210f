// Questions that a person must answer, the station, the password, and the entry by hand.

import { forgetAll, recall, remember } from "./device.js";
import { button, byId, make, say, setup } from "./page.js";
import { Unreachable } from "./queue.js";
import { swallow } from "./scanner.js";
import { signInAgain, token } from "./server.js";
import { play } from "./sounds.js";

// Somebody who begins to scan parcels at once would name their station after one.
const LIKE_A_PARCEL = /\d{9,}/;
const FASTER_THAN_HANDS = 35;

export const questionOpen = () => byId("question").open;

/** `choices` are {value, words, kind}; gives the chosen value, or null. A scanner's Enter chooses nothing. */
export function ask({ title, notes = [], choices, cancels = false }) {
    const dialog = byId("question");
    return new Promise((resolve) => {
        const close = (value) => {
            dialog.onclose = null;
            dialog.close();
            resolve(value);
        };
        const refused = make("p.said-no", { id: "question-refused", hidden: true }, say("answer_first"));
        refused.setAttribute("role", "alert");
        dialog.classList.add("is-guarded");
        dialog.replaceChildren(
            make(
                "div.fields",
                {},
                make("h2", { id: "question-title" }, title),
                ...notes.map((note) => make("p.mono", {}, note)),
                refused,
                ...choices.map(({ value, words, kind }) => button(kind || ".is-large", words, () => close(value))),
                cancels ? button("", say("cancel"), () => close(null)) : null,
            ),
        );
        // The back gesture cannot answer; where nothing is lost by it, it cancels.
        dialog.onclose = () => (cancels ? close(null) : dialog.showModal());
        dialog.showModal();
        dialog.focus();
    });
}

export function refuseAtQuestion() {
    byId("question-refused").hidden = false;
    play("wrong");
}

/** Asks for the station once; `onset` is called with every change. */
export function startStation(onset) {
    const [dialog, form, station, printer] = ["station", "station-form", "station-code", "printer-code"].map(byId);
    const open = () => {
        [station.value, printer.value] = [recall("station"), recall("printer")];
        dialog.showModal();
        station.focus();
    };
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        const wanted = station.value.trim();
        station.setCustomValidity(LIKE_A_PARCEL.test(wanted) ? say("not_a_station") : "");
        if (!wanted || !form.reportValidity()) return;
        remember("station", wanted);
        remember("printer", printer.value.trim());
        dialog.close();
        onset();
    });
    station.addEventListener("input", () => station.setCustomValidity(""));
    dialog.addEventListener("close", () => {
        if (!recall("station")) open();
    });
    byId("change-station").addEventListener("click", () => {
        byId("menu").close();
        open();
    });
    onset();
    if (!recall("station")) open();
}

export function startManual(onCode) {
    const [dialog, form, code] = ["manual", "manual-form", "manual-code"].map(byId);
    byId("open-manual").addEventListener("click", () => {
        code.value = "";
        dialog.showModal();
        code.focus();
    });
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        dialog.close();
        onCode(code.value);
    });
}

/** `askPassword(reason)` shows the dialog; `onback` is called when the same person is signed in again. */
export function startSignIn({ onback, mayLeave }) {
    const [dialog, form, password, reason] = ["sign-in-again", "again-form", "again-password", "again-reason"].map(byId);
    const tell = (words) => {
        reason.textContent = words;
        password.value = "";
        password.focus();
    };
    const askPassword = (why) => {
        if (!dialog.open) dialog.showModal();
        tell(say(why));
    };
    form.addEventListener("submit", async (event) => {
        event.preventDefault();
        try {
            const refusal = await signInAgain(setup.username, password.value);
            if (refusal) return tell(refusal === "wrong_password" ? say(refusal) : refusal);
        } catch (problem) {
            if (!(problem instanceof Unreachable)) throw problem;
            return tell(say("no_network"));
        }
        password.value = "";
        dialog.onclose = null;
        dialog.close();
        return onback();
    });
    refuseScanner(password, () => tell(say("not_by_scanner")));
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    byId("other-person").addEventListener("click", () => {
        if (mayLeave()) byId("sign-out").requestSubmit();
    });
    return askPassword;
}

/** A code scanned into a password field is neither a password nor a try at one. */
function refuseScanner(field, onrefused) {
    let fast = 0;
    let last = 0;
    field.addEventListener("keydown", (event) => {
        fast = event.timeStamp - last <= FASTER_THAN_HANDS ? fast + 1 : 1;
        last = event.timeStamp;
        if (event.key !== "Enter" || fast <= 6) return;
        swallow(event);
        play("wrong");
        onrefused();
    });
}

/** Leaving throws away what the device remembers; `mayLeave` asks where scans would be lost. */
export function startLeaving({ mayLeave, onleave }) {
    byId("sign-out").addEventListener("submit", (event) => {
        if (!mayLeave()) return event.preventDefault();
        forgetAll();
        return onleave();
    });
}

// A sign-in in between has made the tokens in the page's own forms old.
for (const hidden of document.querySelectorAll("[name=csrfmiddlewaretoken]")) {
    hidden.form.addEventListener("submit", () => (hidden.value = token() || hidden.value));
}
for (const closer of document.querySelectorAll("[data-closes]")) {
    closer.addEventListener("click", () => closer.closest("dialog").close());
}
