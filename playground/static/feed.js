// Follows one chat: asks for changes again and again, and finds the playground again after a stop.

import { changes } from "./api.js";

const LONGEST_PAUSE_MS = 3000;
const WAIT_S = 20;
// While the bot is away nobody edits anything, so ask often whether it has come.
const AWAY_WAIT_S = 2;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export async function follow(chatId, { onChanges, onNewRun, onLost, onFound }) {
  let revision = 0;
  let run = null;
  let online = false;
  let failures = 0;
  for (;;) {
    try {
      const answer = await changes(chatId, revision, failures || run === null ? 0 : online ? WAIT_S : AWAY_WAIT_S);
      if (failures) onFound();
      failures = 0;
      if (run !== null && answer.run !== run) {
        onNewRun();
        revision = 0;
        run = null;
        continue;
      }
      run = answer.run;
      online = answer.bot_online;
      await onChanges(answer);
      revision = answer.revision;
    } catch (error) {
      if (error.code === undefined) throw error;
      failures += 1;
      onLost();
      await pause(Math.min(LONGEST_PAUSE_MS, 300 * 2 ** failures));
    }
  }
}
