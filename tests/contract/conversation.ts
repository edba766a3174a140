// A whole conversation with the types alone: an agent, a visitor, and what the agent hears. It is compiled and not
// run; `types.test.mjs` says which wrong uses beside it are refused.

import type { components, paths } from "../../docs/api/types";

type Schemas = components["schemas"];
type Operation = Schemas["Operation"];
type Reply<Path extends keyof paths, Method extends keyof paths[Path]> = paths[Path][Method] extends {
  responses: { 200: { content: { "application/json": infer Body } } };
}
  ? Body | Schemas["Refusal"]
  : never;
type Body<Path extends keyof paths, Method extends keyof paths[Path]> = paths[Path][Method] extends {
  requestBody: { content: { "application/json": infer Content } };
}
  ? Content
  : never;

declare function get<Path extends keyof paths>(path: Path, at?: Record<string, string>): Promise<Reply<Path, "get">>;
declare function post<Path extends keyof paths>(
  path: Path,
  body: Body<Path, "post">,
  at?: Record<string, string>,
): Promise<Reply<Path, "post">>;

// A reply is a success by its code, and then it has what was asked for.
function succeeded<T extends { statusCode: number }>(reply: T | Schemas["Refusal"]): T {
  if (isRefusal(reply)) {
    const codes: Schemas["StatusCode"][] = [2, 6, 20];
    const { statusCode, statusMessage } = reply;
    throw new Error(`${codes.includes(statusCode) ? "as expected" : "surprising"}: ${statusCode} ${statusMessage}`);
  }
  return reply;
}

function isRefusal(reply: { statusCode: number }): reply is Schemas["Refusal"] {
  return reply.statusCode !== 0;
}

export async function visitor(): Promise<string[]> {
  const request: Schemas["CustomerOperationRequestChat"] = {
    operationName: "RequestChat",
    nickname: "Chris",
    subject: "Question",
    userData: { topic: "billing", tags: ["invoice", null], nested: { deep: [1, 2.5, true] } },
  };
  const { id } = succeeded(await post("/api/v2/chats", request));
  const at = { id };
  await post("/api/v2/chats/{id}", { operationName: "SendMessage", text: "Hello?" }, at);
  await post("/api/v2/chats/{id}", { operationName: "SendStartTypingNotification" }, at);
  const transcript = succeeded(await get("/api/v2/chats/{id}/messages", at));
  const lines = transcript.messages.map((message) => `${message.from?.nickname ?? ""}: ${message.text ?? ""}`);
  await post("/api/v2/chats/{id}", { operationName: "Complete" }, at);
  return lines;
}

export async function agent(): Promise<void> {
  const session = await post("/api/v2/me", { operationName: "StartContactCenterSession", channels: ["chat", "voice"] });
  if (session.statusCode === 7 && "failed" in session) {
    session.failed.forEach(({ channel, statusMessage }) => console.warn(channel, statusMessage));
  }
  await post("/api/v2/me/channels/{channel}", { operationName: "Ready" }, { channel: "chat" });
  const me = succeeded(await get("/api/v2/me"));
  const roles: string[] = me.user.roles ?? [];
  const listed = succeeded(await get("/api/v2/me/chats"));
  const chats: Schemas["Chat"][] = "chats" in listed ? listed.chats : [];
  for (const { id = "", capabilities = [] } of chats) {
    if (capabilities.includes("Accept")) {
      await perform(id, { operationName: "Accept", nickname: roles.length > 1 ? "The chief" : "Amy" });
    }
    await perform(id, { operationName: "SendMessage", text: "How can I help you?", treatAs: "Normal" });
    await perform(id, { operationName: "AttachUserData", userData: { priority: 2 } });
    await perform(id, { operationName: "DeleteUserData", keys: ["priority"] });
    await perform(id, { operationName: "Consult", targetPath: "/users/1e553fa1b4164908a5f36d43cec96086" });
    await perform(id, { operationName: "Transfer", queueName: "support", text: "To the experts", treatAs: "System" });
  }
}

async function perform(id: string, operation: Operation): Promise<number | undefined> {
  const { referenceId } = succeeded(await post("/api/v2/me/chats/{id}", operation, { id }));
  return referenceId;
}

export async function supervisor(agent: string, chat: string): Promise<void> {
  const channel = { userId: agent, channel: "chat" };
  await post(
    "/api/v2/users/{userId}/channels/{channel}",
    { operationName: "Monitor", supervisorMonitoringMode: "NextChat" },
    channel,
  );
  await post("/api/v2/users/{userId}/channels/{channel}", { operationName: "Offline" }, channel);
  const intrude: Schemas["SupervisorOperation"] = { operationName: "Intrude", supervisorVisibilityMode: "Coach" };
  await post("/api/v2/users/{userId}/chats/{chatId}", intrude, { userId: agent, chatId: chat });
}

export async function listen(): Promise<void> {
  const hello: Schemas["BayeuxMessage"] = {
    channel: "/meta/handshake",
    version: "1.0",
    supportedConnectionTypes: ["long-polling"],
  };
  const [answer] = await exchange(hello);
  const clientId = answer && "successful" in answer ? (answer.clientId ?? "") : "";
  await exchange({ channel: "/meta/subscribe", clientId, subscription: "/v2/me/chats" });
  const connect = { channel: "/meta/connect", clientId, connectionType: "long-polling", advice: { timeout: 0 } };
  for (const message of await exchange(connect)) {
    if ("data" in message) {
      console.log(message.channel, heard(message.data));
    }
  }
}

async function exchange(
  message: Schemas["BayeuxMessage"],
): Promise<(Schemas["BayeuxReply"] | Schemas["BayeuxEvent"])[]> {
  const told = await post("/api/v2/notifications", [message]);
  if (!Array.isArray(told)) {
    throw new Error(told.statusMessage);
  }
  return told;
}

// What an editor offers is what is known; whatever else a newer server says has to be expected.
function heard(data: Schemas["BayeuxEvent"]["data"]): string {
  if ("channels" in data) {
    return data.channels.map(({ channel, userState }) => `${channel ?? ""} is ${userState?.state ?? ""}`).join(", ");
  }
  const { notificationType, chat, messages = [], referenceId, errorMessage } = data;
  switch (notificationType) {
    case "StatusChange":
      return chat?.state === undefined ? "somewhere else" : state(chat.state);
    case "ParticipantsUpdated":
      return (chat?.participants ?? []).map(({ nickname, type }) => `${nickname ?? ""} (${type ?? ""})`).join(", ");
    case "PropertiesUpdated":
      return JSON.stringify(chat?.userData?.["topic"] ?? null);
    case "NewMessages":
      return messages.map(({ index, text, type }) => `${index ?? 0} ${type ?? ""}: ${text ?? ""}`).join("\n");
    case "Error":
      return `${referenceId ?? "nothing"} failed: ${errorMessage ?? ""}`;
    default:
      return `something new: ${notificationType ?? ""}`;
  }
}

function state(state: Schemas["ChatState"]): string {
  switch (state) {
    case "Invited":
      return "ringing";
    case "Chatting":
      return "talking";
    case "LeftChat":
    case "JoinFailed":
      return "to be completed";
    case "Completed":
    case "Revoked":
      return "over";
    default:
      return state;
  }
}
