// One line of a transcript, the same for agents and for visitors.

import { h, time } from "./dom.js";

/** A line of the transcript, for what is one; typing is shown elsewhere. */
export function lineOf({ index, type, from, text, url, noticeText, visibility, timestampSeconds }, me) {
  const said = { Text: text, PushUrl: url, Notice: text, CustomNotice: noticeText }[type];
  const done = {
    ParticipantJoined: "joined",
    ParticipantLeft: "left",
    ParticipantRejoined: "rejoined",
    TranscriptSaveDone: "saved the transcript",
  }[type];
  if (said === undefined && done === undefined) return undefined;
  const isMine = from.participantId === me;
  const author = h("span", { class: "author" }, from.nickname);
  const when = timestampSeconds && h("time", {}, time(timestampSeconds));
  const line = done
    ? h("li", { class: "done" }, `${from.nickname} ${done} `, when)
    : h(
        "li",
        { class: `said ${isMine ? "mine" : from.type}${visibility && visibility !== "All" ? " aside" : ""}` },
        h("p", { class: "by" }, author, visibility && visibility !== "All" && h("span", { class: "tag" }, "agents only"), when),
        h("p", { class: "words" }, said),
      );
  line.dataset.index = index;
  return line;
}
