// The back office's own behaviour: dialogs, copying, ticking all, forms that are sent once, and keys in the review
// queue. No inline scripts.
"use strict";

document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) {
        document.getElementById(opener.dataset.opens).showModal();
        return;
    }
    const closer = event.target.closest("[data-closes]");
    if (closer) {
        closer.closest("dialog").close();
    }
});

// A button that copies another element's text, and says so.
document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copies]");
    if (!button) {
        return;
    }
    const source = document.getElementById(button.dataset.copies);
    try {
        await navigator.clipboard.writeText(source.textContent.trim());
    } catch {
        // No right to the clipboard, or no https: marked, so that a person can copy it themselves.
        getSelection().selectAllChildren(source);
        return;
    }
    button.textContent = button.dataset.copied;
});

// One box that ticks all of a name in its form.
document.addEventListener("change", (event) => {
    const all = event.target.closest("[data-checks]");
    if (all) {
        all.form.querySelectorAll(`input[type=checkbox][name="${all.dataset.checks}"]`).forEach((box) => {
            box.checked = all.checked;
        });
    }
});

// A second click must not ask the same act twice; the button's own name and value are still sent.
document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-once]")) {
        return;
    }
    if (form.dataset.sent) {
        event.preventDefault();
        return;
    }
    form.dataset.sent = "1";
    form.classList.add("is-sent");
});

// A page that comes back from the browser's history may be sent again.
window.addEventListener("pageshow", () => {
    document.querySelectorAll("[data-sent]").forEach((form) => {
        delete form.dataset.sent;
        form.classList.remove("is-sent");
    });
});

document.addEventListener("keydown", (event) => {
    const queue = document.querySelector("[data-queue]");
    // While an input method composes, Enter and letters belong to it.
    if (!queue || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) {
        return;
    }
    const typing = event.target.matches("input, select, textarea, button, a");
    const rows = [...queue.querySelectorAll(".tower-review")];
    const here = rows.indexOf(document.activeElement.closest(".tower-review"));
    if (event.key === "Escape" && here >= 0) {
        rows[here].focus();
    } else if (!typing && (event.key === "j" || event.key === "k") && rows.length) {
        const next = here < 0 ? 0 : Math.min(Math.max(here + (event.key === "j" ? 1 : -1), 0), rows.length - 1);
        rows[next].focus();
        rows[next].scrollIntoView({ block: "nearest" });
    } else if (!typing && event.key === "Enter" && here >= 0) {
        const reason = rows[here].querySelector("input[name=reason]");
        if (reason) {
            reason.focus();
            event.preventDefault();
        }
    }
});
