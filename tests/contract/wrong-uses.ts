// What a desk could get wrong, and the compiler refuses: each line below a mark is an error, and a mark without an
// error is one itself.

import type { components } from "../../docs/api/types";

type Schemas = components["schemas"];
type Operation = Schemas["Operation"];

// @ts-expect-error: no such operation
export const unknown: Operation = { operationName: "Explode" };

// @ts-expect-error: names are spelt as they are
export const spelling: Operation = { operationName: "attachUserData", userData: {} };

// @ts-expect-error: a required parameter is missing
export const missing: Operation = { operationName: "AttachUserData" };

// @ts-expect-error: no operation has this parameter
export const surplus: Operation = { operationName: "Accept", nickName: "Amy" };

// @ts-expect-error: another operation has this parameter
export const misplaced: Operation = { operationName: "Reject", userData: {} };

// @ts-expect-error: a text is no number
export const mistyped: Operation = { operationName: "SendMessage", text: 7 };

// @ts-expect-error: user data are pairs
export const noPairs: Operation = { operationName: "AttachUserData", userData: "topic" };

// @ts-expect-error: what user data holds is JSON
export const noJson: Operation = { operationName: "AttachUserData", userData: { since: new Date() } };

// @ts-expect-error: a target is missing
export const nowhere: Operation = { operationName: "Invite" };

// @ts-expect-error: one target at a time
export const twice: Operation = { operationName: "Invite", targetPath: "/users/a", targetUri: "http://a/api/v2/users/a" };

// @ts-expect-error: only a transfer goes to a queue by name
export const toQueue: Operation = { operationName: "Consult", queueName: "support" };

// @ts-expect-error: there are two ways to treat a message
export const treated: Operation = { operationName: "Leave", text: "Bye", treatAs: "Rude" };

// @ts-expect-error: what an agent may, a visitor may not
export const visitors: Schemas["CustomerOperation"] = { operationName: "AttachUserData", userData: {} };

// @ts-expect-error: what a supervisor may, an agent may not
export const supervisors: Operation = { operationName: "Monitor" };

// @ts-expect-error: there are three ways to intrude
export const loudly: Schemas["SupervisorOperation"] = { operationName: "Intrude", supervisorVisibilityMode: "Loud" };

// @ts-expect-error: channels are a list
export const channels: Schemas["StartContactCenterSession"] = { operationName: "StartContactCenterSession", channels: "chat" };

// @ts-expect-error: a success has the code 0
export const success: Schemas["Success"] = { statusCode: 1 };

// @ts-expect-error: there are codes from 0 to 20
export const code: Schemas["StatusCode"] = 21;

export function reads(chat: Schemas["Chat"], event: Schemas["BayeuxEvent"], state: Schemas["UserState"]): unknown[] {
  return [
    // @ts-expect-error: any member may be left out (`fields`)
    chat.participants.length,
    // @ts-expect-error: no chat has this member
    chat.agents,
    // @ts-expect-error: user data may be anything
    chat.userData?.["topic"].toUpperCase(),
    // @ts-expect-error: not every event is about a chat
    event.data.chat,
    // @ts-expect-error: a state may be one that nobody knows yet
    { Invited: 1, Chatting: 2 }[chat.state ?? "Invited"],
    // @ts-expect-error: nor is every event about channels
    event.data.channels,
    // @ts-expect-error: there are three states
    state.state === "Busy",
  ];
}
