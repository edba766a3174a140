// A notification in one line; the forms are in tests/scenarios/README.md.

export function summary(data) {
  const kind = data.notificationType;
  if (kind === "NewMessages") {
    return `NewMessages ${data.messages.map(message).join(", ")}`;
  }
  const { chat } = data;
  const what =
    kind === "PropertiesUpdated"
      ? JSON.stringify(chat.userData)
      : kind === "Error"
        ? data.errorCode
        : `[${chat.participants.map((one) => one.nickname + audience(one)).join(", ")}]`;
  return `${kind} ${chat.state} ${what}${data.referenceId === undefined ? "" : " #"}`;
}

export function message(entry) {
  const said = entry.text ?? entry.url ?? entry.noticeText;
  const says = said === undefined ? "" : `: ${said}`;
  return `${entry.index} ${entry.type} ${entry.from.nickname}${says}${audience(entry)}`;
}

function audience({ visibility }) {
  return visibility === undefined || visibility === "All" ? "" : ` (${visibility})`;
}
