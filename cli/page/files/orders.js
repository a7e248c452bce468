import { tell } from "./words.js";

/** Buttons: each asks, and then the server runs the command of the same name. */

const dialog = document.getElementById("confirm");
const reason = document.getElementById("reason");
const outcome = document.getElementById("outcome");
let paused;

/** Asks in a dialog. Resolves with the reason (or an empty text), or undefined if it was cancelled. */
function ask({ title, text, yes, needsReason }) {
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

export async function askMaintenance(node, on) {
  const given = await ask({
    title: on ? `Maintenance of ${node}?` : `End the maintenance of ${node}?`,
    text: on
      ? `${node} holds no VIP until it is ended, even after a reboot. If it serves, the service moves.`
      : `${node} may hold the VIP again.`,
    yes: on ? "Begin maintenance" : "End maintenance",
    needsReason: false,
  });
  if (given !== undefined) await send({ order: "maintenance", node, on });
}

async function askSwitchover() {
  const given = await ask({
    title: "Switchover?",
    text: "The service ends in order where it runs, and starts on another node. Clients wait meanwhile.",
    yes: "Move the service",
    needsReason: false,
  });
  if (given !== undefined) await send({ order: "switchover" });
}

async function askPause() {
  const isPaused = paused !== undefined;
  const given = await ask({
    title: isPaused ? "Let all agents act again?" : "Pause all agents?",
    text: isPaused
      ? `They are paused: ${paused}`
      : "All agents look on and touch nothing, and nobody takes over, until this is ended.",
    yes: isPaused ? "Resume" : "Pause",
    needsReason: !isPaused,
  });
  if (given === undefined) return;
  await send(isPaused ? { order: "resume" } : { order: "pause", reason: given });
}

/** Which of the two a button does. */
export function showOrders(model) {
  paused = model.paused;
  tell(document.getElementById("pause"), paused === undefined ? "Pause all agents" : "Resume all agents");
}

document.getElementById("switchover").addEventListener("click", askSwitchover);
document.getElementById("pause").addEventListener("click", askPause);
