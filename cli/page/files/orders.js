import { element, tell } from "./words.js";

/** Buttons: which there are, what each asks and orders, the server says. */

const dialog = document.getElementById("confirm");
const reason = document.getElementById("reason");
const outcome = document.getElementById("outcome");

/** Asks in a dialog. Resolves with the reason (or an empty text), or undefined if it was cancelled. */
function ask({ title, text, yes, needsReason = false }) {
  document.getElementById("confirm-title").textContent = title;
  document.getElementById("confirm-text").textContent = text;
  document.getElementById("confirm-yes").textContent = yes;
  document.getElementById("reason-row").hidden = !needsReason;
  reason.required = needsReason;
  reason.value = "";
  dialog.returnValue = "no";
  dialog.showModal();
  (needsReason ? reason : document.getElementById("confirm-no")).focus();
  return new Promise((resolve) => {
    dialog.addEventListener(
      "close",
      () => resolve(dialog.returnValue === "yes" ? reason.value.trim() : undefined),
      {
        once: true,
      },
    );
  });
}

async function send(order) {
  setBusy(true);
  try {
    const response = await fetch("orders", {
      ...{ method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(order) },
    });
    // How it went is told to everybody who looks; only a refusal is not.
    if (!response.ok) tell(outcome, `Refused: ${(await response.text()).trim()}`);
  } catch {
    tell(outcome, "The program that serves this page does not answer.");
  } finally {
    setBusy(false);
  }
}

function setBusy(isBusy) {
  for (const button of document.querySelectorAll("main .buttons button")) button.disabled = isBusy;
}

/** What the server tells of an order, whoever gave it. */
export function showOrder({ name, ended, ok, text }) {
  tell(outcome, ended ? `${name}: ${text || (ok ? "done" : "failed")}` : `${name} is under way …`);
  setBusy(!ended);
}

async function press({ order, sure }) {
  if (!sure) return await send(order);
  const given = await ask(sure);
  if (given !== undefined) await send(sure.needsReason ? { ...order, reason: given } : order);
}

const shown = new Map();

/** Shows buttons in their place: made once, and only their texts and orders change. */
export function showButtons(place, buttons) {
  for (const button of buttons) {
    const { id, label, name = label } = button;
    if (!shown.has(id)) {
      const made = element("button", "", { type: "button", id });
      made.addEventListener("click", () => press(shown.get(id).button));
      shown.set(id, { made });
      place.append(made);
    }
    const { made } = shown.get(id);
    shown.set(id, { made, button });
    tell(made, label);
    if (name !== label) made.setAttribute("aria-label", name);
  }
}
