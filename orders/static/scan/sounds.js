// Tones and vibration. Browsers allow sound only after a touch or a key, so the page says when it is still silent.

import { recall, remember } from "./device.js";

// Each verdict has a melody of its own: [frequency, start, length] in seconds, and a wave that cuts through a hall.
const TONES = {
    scanned: { wave: "sine", volume: 0.12, notes: [[1500, 0, 0.035]] },
    pass: { wave: "sine", volume: 0.5, notes: [[988, 0, 0.09], [1480, 0.09, 0.16]] },
    attention: { wave: "triangle", volume: 0.6, notes: [[740, 0, 0.11], [740, 0.17, 0.11], [740, 0.34, 0.16]] },
    wrong: { wave: "sawtooth", volume: 0.4, notes: [[330, 0, 0.22], [196, 0.24, 0.42]] },
    stop: { wave: "square", volume: 0.4, notes: [0, 1, 2, 3, 4, 5].map((turn) => [turn % 2 ? 620 : 930, turn * 0.16, 0.15]) },
    same: { wave: "sine", volume: 0.35, notes: [[440, 0, 0.12]] },
    kept: { wave: "triangle", volume: 0.3, notes: [[520, 0, 0.08], [390, 0.1, 0.12]] },
};
const VIBRATIONS = {
    pass: [40], attention: [80, 80, 80], wrong: [250, 100, 250], stop: [400, 120, 400, 120, 400], same: [20], kept: [20, 60, 20],
};
export const VERDICT_TONES = ["pass", "attention", "wrong", "stop", "same"];

let context = null;
let told = () => {};

/** `tell({muted, blocked})` is called now and whenever that changes. */
export function startSounds(tell) {
    told = tell;
    for (const name of ["pointerdown", "keydown", "touchend"]) window.addEventListener(name, unlock, true);
    unlock();
}

export const muted = () => recall("muted") === "1";

export function setMuted(value) {
    remember("muted", value ? "1" : "");
    report();
}

export function play(name) {
    const pattern = VIBRATIONS[name];
    if (pattern && navigator.vibrate) navigator.vibrate(pattern);
    if (muted() || context?.state !== "running") return;
    const { wave, volume, notes } = TONES[name];
    for (const [frequency, start, length] of notes) {
        const source = context.createOscillator();
        const gain = context.createGain();
        const from = context.currentTime + start;
        source.type = wave;
        source.frequency.value = frequency;
        // Edges without a click.
        gain.gain.setValueAtTime(0, from);
        gain.gain.linearRampToValueAtTime(volume, from + 0.008);
        gain.gain.setValueAtTime(volume, from + Math.max(0.01, length - 0.03));
        gain.gain.linearRampToValueAtTime(0, from + length);
        source.connect(gain).connect(context.destination);
        source.start(from);
        source.stop(from + length + 0.02);
    }
    document.documentElement.dataset.played = name;
}

function unlock() {
    const Context = window.AudioContext || window.webkitAudioContext;
    if (!Context) return report();
    if (!context) {
        context = new Context();
        context.onstatechange = report;
    }
    if (context.state !== "running") context.resume().then(report, report);
    return report();
}

function report() {
    told({ muted: muted(), blocked: context?.state !== "running" });
}
