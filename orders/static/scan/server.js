// How the page speaks to the tower, and what each kind of "no" means for the queue.

import { language } from "./page.js";
import { NotAccepted, SignedOut, Unreachable } from "./queue.js";

const PATIENCE = 10000;

export async function postScan(scan) {
    const answer = await post("/api/v1/scans/", { scans: [scan] }, scan.nonce);
    const result = answer?.results?.[0];
    // A Wi-Fi's own sign-in page answers 200 to everything; only this is an answer of ours.
    if (result?.nonce !== scan.nonce) throw new Unreachable("not our answer");
    return result;
}

export function postPrintResult(attempt, outcome, nonce) {
    return post(`/api/v1/print-requests/${attempt}/result/`, { outcome }, nonce);
}

async function post(path, body, nonce) {
    const headers = {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "Accept-Language": language,
        "X-CSRFToken": token(),
    };
    // The scans have their own memory of nonces; everything else is told apart by this.
    if (!path.endsWith("/scans/")) headers["Idempotency-Key"] = nonce;
    const response = await reach(path, { method: "POST", headers, body: JSON.stringify(body) });
    if (response.ok) return readJson(response);
    const said = await response.json().catch(() => ({}));
    const detail = typeof said.detail === "string" ? said.detail : "";
    if (response.status === 401) throw new SignedOut("signed_out");
    if (response.status === 403) throw new SignedOut("no_right");
    if (response.status === 429 || response.status === 408 || response.status >= 500) {
        throw new Unreachable(String(response.status), Number(response.headers.get("Retry-After")) || 0);
    }
    throw new NotAccepted(detail);
}

/** Signs the same person in again. Answers "" or why not. */
export async function signInAgain(username, password) {
    const body = new URLSearchParams({ username, password });
    const headers = { "Accept": "application/json", "X-CSRFToken": token() };
    const response = await reach("/scan/sign-in/", { method: "POST", headers, body });
    if (response.ok) return "";
    const said = await response.json().catch(() => ({}));
    return said.detail || "wrong_password";
}

async function reach(path, options) {
    const giveUp = new AbortController();
    const timer = setTimeout(() => giveUp.abort(), PATIENCE);
    try {
        const settings = { credentials: "same-origin", redirect: "error", cache: "no-store", signal: giveUp.signal };
        return await fetch(path, { ...options, ...settings });
    } catch (problem) {
        throw new Unreachable(problem.message);
    } finally {
        clearTimeout(timer);
    }
}

async function readJson(response) {
    try {
        return await response.json();
    } catch (problem) {
        throw new Unreachable(problem.message);
    }
}

/** Read each time: signing in changes it, in another tab too. */
export function token() {
    const pair = document.cookie.split("; ").find((each) => each.startsWith("csrftoken="));
    return pair ? decodeURIComponent(pair.slice("csrftoken=".length)) : "";
}
