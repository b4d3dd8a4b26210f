// Everything that must reach the server, in order, once: an entry stays at the head until it has an answer.
//
// `send(entry)` answers, or throws `Unreachable` (tried again with the same nonce), `SignedOut` (waits for a sign-in)
// or `NotAccepted` (given up, and said). The entries live in memory; a store that survives the page can take the
// place of the array without any other change.

export class Unreachable extends Error {
    constructor(message, afterSeconds = 0) {
        super(message);
        this.afterSeconds = afterSeconds;
    }
}
export class SignedOut extends Error {}
export class NotAccepted extends Error {}

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 8000;

export class Queue {
    constructor({ send, onAnswer, onNotAccepted, onSignedOut, onChange }) {
        Object.assign(this, { send, onAnswer, onNotAccepted, onSignedOut, onChange });
        this.entries = [];
        this.stopped = new Set();
        this.failing = false;
        this.running = false;
        this.wake = null;
        window.addEventListener("online", () => this.wake?.());
    }

    get length() {
        return this.entries.length;
    }

    /** `first`: what belongs to the entry that has just been answered goes before what came after it. */
    add(entry, first = false) {
        if (first) this.entries.unshift(entry);
        else this.entries.push(entry);
        this.changes();
        this.run();
    }

    /** Nothing leaves while there is a reason to wait: an open stop screen, a question, a sign-in. */
    stop(reason) {
        this.stopped.add(reason);
    }

    goOn(reason) {
        this.stopped.delete(reason);
        this.run();
    }

    changes() {
        this.onChange({ length: this.entries.length, failing: this.failing });
    }

    async run() {
        if (this.running) return;
        this.running = true;
        try {
            await this.drain();
        } finally {
            this.running = false;
        }
    }

    async drain() {
        let pause = FIRST_PAUSE;
        while (this.entries.length && !this.stopped.size) {
            const failure = await this.tryHead();
            if (failure) {
                await this.rest(Math.max(pause, failure.afterSeconds * 1000));
                pause = Math.min(pause * 2, LONGEST_PAUSE);
            } else pause = FIRST_PAUSE;
        }
    }

    /** The failure after which to try again, or null. */
    async tryHead() {
        const entry = this.entries[0];
        try {
            const answer = await this.send(entry);
            this.leaves();
            this.onAnswer(entry, answer);
        } catch (problem) {
            if (problem instanceof Unreachable) {
                this.failing = true;
                this.changes();
                return problem;
            }
            if (problem instanceof SignedOut) {
                this.stop("signed out");
                this.onSignedOut(problem.message);
            } else if (problem instanceof NotAccepted) {
                this.leaves();
                this.onNotAccepted(entry, problem.message);
            } else throw problem;
        }
        return null;
    }

    leaves() {
        this.entries.shift();
        this.failing = false;
        this.changes();
    }

    rest(milliseconds) {
        return new Promise((resolve) => {
            const timer = setTimeout(resolve, milliseconds);
            this.wake = () => {
                clearTimeout(timer);
                resolve();
            };
        });
    }
}
