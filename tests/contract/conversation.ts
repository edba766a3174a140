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
function succeeded<T extends { statusCode: number }>(reply: T): Exclude<T, Schemas["Refusal"]> {
  if (reply.statusCode !== 0) {
    const { statusCode, statusMessage } = reply as unknown as Schemas["Refusal"];
    const codes: Schemas["StatusCode"][] = [2, 6, 20];
    throw new Error(`${codes.includes(statusCode) ? "as expected" : "surprising"}: ${statusCode} ${statusMessage}`);
  }
  return reply as Exclude<T, Schemas["Refusal"]>;
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
  const [answer] = await post("/api/v2/notifications", [hello]) as Schemas["BayeuxReply"][];
  const clientId = answer?.clientId ?? "";
  await post("/api/v2/notifications", [{ channel: "/meta/subscribe", clientId, subscription: "/v2/me/chats" }]);
  const connect = { channel: "/meta/connect", clientId, connectionType: "long-polling", advice: { timeout: 0 } };
  for (const message of await post("/api/v2/notifications", [connect]) as (Schemas["BayeuxReply"] | Schemas["BayeuxEvent"])[]) {
    if ("data" in message) {
      heard(message.data);
    }
  }
}

function heard(data: Schemas["Notification"] | Schemas["ChannelStateChange"]): string {
  if ("channels" in data && data.messageType === "ChannelStateChangeMessageV2") {
    return data.channels.map(({ channel, userState }) => `${channel ?? ""} is ${userState?.state ?? ""}`).join(", ");
  }
  const { notificationType, chat, messages = [], referenceId } = data as Schemas["Notification"];
  switch (notificationType) {
    case "NewMessages":
      return messages.map(({ index, text }) => `${index ?? 0}: ${text ?? ""}`).join("\n");
    case "PropertiesUpdated":
      return JSON.stringify(chat?.userData?.["topic"] ?? null);
    default:
      return `${chat?.state ?? ""} after ${referenceId ?? "nothing"}`;
  }
}
