// What the page says of numbers.

// The time left of a work of which a share is done after so many seconds; nothing while that is a mere guess.
export function timeLeft(share, seconds) {
  if (share <= 0 || share >= 1 || seconds < 2) return "";
  const left = (seconds * (1 - share)) / share;
  return left < 90 ? `about ${Math.max(1, Math.round(left))} s left` : `about ${Math.round(left / 60)} min left`;
}

// A picture's scores after, beside those before.
export function compared(before, after) {
  const change = Math.round(100 * (after.predictability / before.predictability - 1));
  const pair = (name) => `${before[name].toFixed(4)} → ${after[name].toFixed(4)}`;
  return `Predictability ${pair("predictability")}: the error is ${Math.abs(change)} % ${change > 0 ? "larger" : "smaller"}. ` +
    `Complexity ${pair("complexity")}.`;
}
