// The AttachUserData page in Node.js: the chat that it shows, its request, and what the agent is told.
//
//   npm install koffi
//   node seed.mjs PREFIX/include/chatmodel.h PREFIX/lib/libchatmodel.so
//
// What C programs include is what this reads: the prototypes come from the header, and the structs
// that are passed by value or pointer are written down once more below.
// Prints the reply and the notification, each on a line of its own.

import { readFileSync } from "node:fs";
import koffi from "koffi";

// The chat as the page prints it, before the request. The owner is whose state it is.
const CHAT = `{"userData":{
  "IdentifyCreateContact":"3",
  "RTargetTypeSelected":"2",
  "RTargetObjectSelected":"Chat distribution for processing",
  "RVQID":"",
  "ChatServerAppName":"es_chat",
  "PegAGChat distribution for processing":1,
  "ChatServerHost":"GWS-ubuntu.emea.int.genesyslab.com",
  "RTargetObjSelDBID":"115",
  "ChatServerPort":"7160",
  "CBR-Interaction_cost":"",
  "CBR-contract_DBIDs":"",
  "RTargetAgentSelected":"12345",
  "CBR-IT-path_DBIDs":"",
  "RTargetRuleSelected":"",
  "RTargetPlaceSelected":"a1",
  "CBR-actual_volume":"",
  "RTenant":"Environment",
  "ChatServerDBID":"115",
  "RRequestedSkills":null,
  "RRequestedSkillCombination":"",
  "RVQDBID":"",
  "RStrategyDBID":"776",
  "CustomerSegment":"default",
  "ServiceType":"default",
  "ServiceObjective":0,
  "DISP_KEY":"resolved",
  "RTargetRequested":"Chat distribution for processing",
  "RTargetAgentGroup":"Chat distribution for processing",
  "RStrategyName":"SimpleChatInStrategy",
  "Subject":"Customer support"},
 "state":"Chatting","owner":"agent1",
 "capabilities":["Transfer","Leave","Invite","Consult","SetInFocus",
  "SetDisposition","AttachUserData","DeleteUserData","UpdateUserData","Complete",
  "SendMessage","SendStartTypingNotification","SendStopTypingNotification"],
 "uri":"http://localhost:8080/api/v2/chats/0000Wa9CAM6W00J",
 "participants":[
  {"nickname":"test_consult_clientL","type":"Customer","participantId":"007352CE982D031B"},
  {"nickname":"TestName","type":"Agent","participantId":"007352CE984F0321"}],
 "id":"0000Wa9CAM6W00J"}`;

const REQUEST = `{"operationName":"AttachUserData",
  "userData":{"UserData1":"DATA1","UserData2":123456789}}`;

const [header, library] = process.argv.slice(2);
const c = load(readFileSync(header, "utf8"), koffi.load(library));

const chat = made(c.chatm_chat_free, c.chatm_chat_from_json, str(CHAT), null);
const context = {
  struct_size: koffi.sizeof("chatm_context"),
  user: c.chatm_chat_owner(chat),
  at_ms: 1389261492035,
  reference_id: 83,
};
const applied = made(c.chatm_applied_free, c.chatm_chat_apply_json, chat, str(REQUEST), context);

console.log(text(c.chatm_applied_reply(applied)));
for (let index = 0; index < c.chatm_applied_notification_count(applied); index++) {
  const told = {};
  call(c.chatm_applied_notification, applied, index, told);
  console.log(text(told.data));
}
c.chatm_applied_free(applied);
c.chatm_chat_free(chat);

// Declares what the header declares, and gives the functions by their names.
function load(text, library) {
  const declarations = text
    .split("/* declarations */")[1]
    .split("/* end of declarations */")[0]
    .replace(/\/\*[^]*?\*\//g, "");
  for (const [, name] of declarations.matchAll(/^typedef struct (\w+) \1;/gm)) koffi.opaque(name);
  for (const [, type, name] of declarations.matchAll(/^typedef (\w+) (\w+);/gm)) koffi.alias(name, type);
  koffi.alias("chatm_random", "void *");
  for (const [, name, body] of declarations.matchAll(/^typedef struct (\w+) \{([^}]*)\}/gm)) {
    const members = body.split(";").map((member) => member.trim()).filter(Boolean);
    koffi.struct(name, Object.fromEntries(members.map((member) => {
      const [, type, name] = /^(.*?)(\w+)$/s.exec(member);
      // Bytes that are not NUL-terminated are no string to koffi.
      return [name, type.includes("char *") ? "void *" : type.replace("const ", "").trim()];
    })));
  }
  const functions = {};
  for (const [prototype, name] of declarations.matchAll(/^(?!typedef)[\w *]+?(\w+)\([^)]*\);/gm)) {
    functions[name] = library.func(prototype.replaceAll(/(\w+) \*\*(\w+)/g, "_Out_ $1 **$2")
      .replaceAll(/(chatm_(?:notification|str|buf)) \*(\w+)/g, "_Out_ $1 *$2"));
  }
  return functions;
}

function str(text) {
  const bytes = Buffer.from(text);
  return { ptr: bytes, len: bytes.length };
}

function text({ ptr, len }) {
  return ptr === null ? null : Buffer.from(koffi.decode(ptr, koffi.array("uint8_t", Number(len)))).toString();
}

// Calls a function whose last parameter is a place for an error.
function call(name, ...words) {
  const place = [null];
  if (name(...words, place) === 0) return;
  const message = text(c.chatm_error_message(place[0]));
  c.chatm_error_free(place[0]);
  throw new Error(message);
}

// Calls a function that makes a handle; should the next call fail, the process ends and frees it.
function made(free, name, ...words) {
  const place = [null];
  call(name, ...words, place);
  return place[0];
}
