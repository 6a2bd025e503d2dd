// The tab of a training that runs: what it does, live, and what one may ask of it.
import { createTrainingView } from './training-view.js';

const firstPause = 500; // ms before the training is looked for again; then longer
const longestPause = 10_000;

export function mount(panel, app) {
  const view = createTrainingView(panel, {
    send: action => app.post(`/api/train/${action}`, {}).then(() => app.fail(null), app.fail),
  });
  follow(app, view);
}

async function follow(app, view) {
  let [since, isOver, pause] = ['', false, firstPause];
  while (!isOver) {
    try {
      await app.stream(`/api/train/events?since=${since}`, undefined, {
        update(update) {
          view.lost(false);
          view.apply(update);
          since = `${update.run}-${update.number}`;
          pause = firstPause;
          isOver = update.state === 'done' || update.state === 'failed';
        },
      });
    } catch (fault) {
      if (fault.status !== 0) {
        app.fail(fault);
      }
    }

    if (!isOver) {
      view.lost(true);
      await new Promise(resolve => setTimeout(resolve, pause));
      pause = Math.min(2 * pause, longestPause);
    }
  }
}
