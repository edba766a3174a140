/*
 * The AttachUserData page: the chat that it shows, its request, and what the agent is then told.
 *
 *   cc seed.c $(pkg-config --cflags --libs chatmodel) -o seed && ./seed
 *
 * Prints the reply and the notification, each on a line of its own.
 */
#include <chatmodel.h>
#include <stdio.h>

/* The chat as the page prints it, before the request. The owner is whose state it is. */
static const char CHAT[] =
    "{\"userData\":{"
    "\"IdentifyCreateContact\":\"3\","
    "\"RTargetTypeSelected\":\"2\","
    "\"RTargetObjectSelected\":\"Chat distribution for processing\","
    "\"RVQID\":\"\","
    "\"ChatServerAppName\":\"es_chat\","
    "\"PegAGChat distribution for processing\":1,"
    "\"ChatServerHost\":\"GWS-ubuntu.emea.int.genesyslab.com\","
    "\"RTargetObjSelDBID\":\"115\","
    "\"ChatServerPort\":\"7160\","
    "\"CBR-Interaction_cost\":\"\","
    "\"CBR-contract_DBIDs\":\"\","
    "\"RTargetAgentSelected\":\"12345\","
    "\"CBR-IT-path_DBIDs\":\"\","
    "\"RTargetRuleSelected\":\"\","
    "\"RTargetPlaceSelected\":\"a1\","
    "\"CBR-actual_volume\":\"\","
    "\"RTenant\":\"Environment\","
    "\"ChatServerDBID\":\"115\","
    "\"RRequestedSkills\":null,"
    "\"RRequestedSkillCombination\":\"\","
    "\"RVQDBID\":\"\","
    "\"RStrategyDBID\":\"776\","
    "\"CustomerSegment\":\"default\","
    "\"ServiceType\":\"default\","
    "\"ServiceObjective\":0,"
    "\"DISP_KEY\":\"resolved\","
    "\"RTargetRequested\":\"Chat distribution for processing\","
    "\"RTargetAgentGroup\":\"Chat distribution for processing\","
    "\"RStrategyName\":\"SimpleChatInStrategy\","
    "\"Subject\":\"Customer support\"},"
    "\"state\":\"Chatting\",\"owner\":\"agent1\","
    "\"capabilities\":[\"Transfer\",\"Leave\",\"Invite\",\"Consult\",\"SetInFocus\","
    "\"SetDisposition\",\"AttachUserData\",\"DeleteUserData\",\"UpdateUserData\",\"Complete\","
    "\"SendMessage\",\"SendStartTypingNotification\",\"SendStopTypingNotification\"],"
    "\"uri\":\"http://localhost:8080/api/v2/chats/0000Wa9CAM6W00J\","
    "\"participants\":["
    "{\"nickname\":\"test_consult_clientL\",\"type\":\"Customer\","
    "\"participantId\":\"007352CE982D031B\"},"
    "{\"nickname\":\"TestName\",\"type\":\"Agent\","
    "\"participantId\":\"007352CE984F0321\"}],"
    "\"id\":\"0000Wa9CAM6W00J\"}";

static const char REQUEST[] =
    "{\"operationName\":\"AttachUserData\","
    "\"userData\":{\"UserData1\":\"DATA1\",\"UserData2\":123456789}}";

/* A chatm_str has a length and no NUL. */
static void print(chatm_str text) {
  fwrite(text.ptr, 1, text.len, stdout);
  putchar('\n');
}

int main(void) {
  chatm_chat *chat = NULL;
  chatm_applied *applied = NULL;
  chatm_error *error = NULL;
  chatm_context context = CHATM_CONTEXT_INIT;
  int result = 1;

  if (chatm_chat_from_json(chatm_cstr(CHAT), NULL, &chat, &error) != CHATM_STATUS_OK) goto out;

  context.user = chatm_chat_owner(chat);
  context.at_ms = 1389261492035;
  context.reference_id = 83;
  if (chatm_chat_apply_json(chat, chatm_cstr(REQUEST), &context, &applied, &error) !=
      CHATM_STATUS_OK)
    goto out;

  print(chatm_applied_reply(applied));
  for (size_t i = 0; i < chatm_applied_notification_count(applied); i++) {
    chatm_notification told;
    if (chatm_applied_notification(applied, i, &told, &error) != CHATM_STATUS_OK) goto out;
    print(told.data);
  }
  result = 0;

out:
  if (error != NULL) {
    chatm_str message = chatm_error_message(error);
    fprintf(stderr, "seed: %.*s\n", (int)message.len, message.ptr);
  }
  chatm_error_free(error);
  chatm_applied_free(applied);
  chatm_chat_free(chat);
  return result;
}
