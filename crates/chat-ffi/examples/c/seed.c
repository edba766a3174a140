/*
 * The AttachUserData page: the chat that it shows, its request, and what the agent is then told.
 *
 *   cc seed.c $(pkg-config --cflags --libs chatmodel) -o seed && ./seed
 */
#include <chatmodel.h>
#include <stdio.h>

static const char CHAT[] =
    "{\"userData\":{\"Subject\":\"Customer support\"},\"state\":\"Chatting\",\"owner\":\"agent1\","
    "\"participants\":["
    "{\"nickname\":\"test_consult_clientL\",\"type\":\"Customer\",\"participantId\":\"007352CE982D031B\"},"
    "{\"nickname\":\"TestName\",\"type\":\"Agent\",\"participantId\":\"007352CE984F0321\"}],"
    "\"id\":\"0000Wa9CAM6W00J\"}";

static const char REQUEST[] =
    "{\"operationName\":\"AttachUserData\","
    "\"userData\":{\"UserData1\":\"DATA1\",\"UserData2\":123456789}}";

static void print(const char *what, chatm_str text) {
  printf("%s%.*s\n", what, (int)text.len, text.ptr);
}

int main(void) {
  chatm_chat *chat = NULL;
  chatm_applied *applied = NULL;
  chatm_error *error = NULL;
  chatm_context context = CHATM_CONTEXT_INIT;
  size_t i;
  int result = 1;

  if (chatm_chat_from_json(chatm_cstr(CHAT), NULL, &chat, &error) != CHATM_STATUS_OK) goto out;

  context.user = chatm_chat_owner(chat);
  context.at_ms = 1389261492035;
  context.reference_id = 83;
  if (chatm_chat_apply_json(chat, chatm_cstr(REQUEST), &context, &applied, &error) !=
      CHATM_STATUS_OK)
    goto out;

  print("", chatm_applied_reply(applied));
  for (i = 0; i < chatm_applied_notification_count(applied); i++) {
    chatm_notification told;
    if (chatm_applied_notification(applied, i, &told, &error) != CHATM_STATUS_OK) goto out;
    print("", told.data);
  }
  result = 0;

out:
  if (error != NULL) print("failed: ", chatm_error_message(error));
  chatm_error_free(error);
  chatm_applied_free(applied);
  chatm_chat_free(chat);
  return result;
}
