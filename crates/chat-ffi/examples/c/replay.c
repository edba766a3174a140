/*
 * A journal: every operation leaves a record, and a new chat to which the records are replayed is the
 * chat that they came from.
 *
 *   cc replay.c $(pkg-config --cflags --libs chatmodel) -o replay && ./replay
 *
 * Prints the records, the chat that they make, and whether the two chats are the same.
 */
#include <chatmodel.h>
#include <stdio.h>
#include <string.h>

enum { COUNT = 6 };

static const struct {
  chatm_by by; /* 0: the house offers the chat */
  const char *what;
} STEPS[COUNT] = {
    {CHATM_BY_CUSTOMER, "{\"operationName\":\"RequestChat\",\"nickname\":\"Chris\"}"},
    {0, "agent1"},
    {CHATM_BY_AGENT, "{\"operationName\":\"Accept\",\"nickname\":\"Amy\"}"},
    {CHATM_BY_AGENT,
     "{\"operationName\":\"SendMessage\",\"text\":\"Hello, \\u041a\\u0440\\u0438\\u0441\"}"},
    {CHATM_BY_AGENT,
     "{\"operationName\":\"AttachUserData\",\"userData\":{\"order\":1e400,\"vip\":true}}"},
    {CHATM_BY_CUSTOMER, "{\"operationName\":\"Complete\"}"},
};

/* Lets one step happen and keeps its record. */
static chatm_status perform(chatm_chat *chat, size_t at, chatm_buf *record, chatm_error **error) {
  chatm_op *op = NULL;
  chatm_applied *applied = NULL;
  chatm_context context = CHATM_CONTEXT_INIT;
  chatm_str what = chatm_cstr(STEPS[at].what);
  chatm_status status;

  context.user = chatm_cstr("agent1");
  context.at_ms = 1389261492035 + 1000 * (int64_t)at;
  status = STEPS[at].by == 0 ? chatm_op_house(CHATM_TRIGGER_OFFER, what, &op, error)
                             : chatm_op_parse(STEPS[at].by, what, NULL, &op, error);
  if (status != CHATM_STATUS_OK) goto out;
  status = chatm_chat_apply(chat, op, &context, &applied, error);
  if (status != CHATM_STATUS_OK) goto out;
  status = chatm_applied_record(applied, record, error);

out:
  chatm_applied_free(applied);
  chatm_op_free(op);
  return status;
}

int main(void) {
  chatm_chat *first = NULL, *second = NULL;
  chatm_error *error = NULL;
  chatm_buf journal[COUNT] = {CHATM_BUF_INIT};
  chatm_buf before = CHATM_BUF_INIT, after = CHATM_BUF_INIT;
  int same, result = 1;

  if (chatm_chat_new(chatm_cstr("0000Wa9CAM6W00J"), &first, &error) != CHATM_STATUS_OK) goto out;
  for (size_t i = 0; i < COUNT; i++) {
    if (perform(first, i, &journal[i], &error) != CHATM_STATUS_OK) goto out;
    printf("%s\n", journal[i].ptr); /* a buffer ends with a NUL */
  }

  if (chatm_chat_new(chatm_chat_id(first), &second, &error) != CHATM_STATUS_OK) goto out;
  for (size_t i = 0; i < COUNT; i++) {
    if (chatm_chat_replay(second, chatm_buf_str(&journal[i]), NULL, NULL, &error) !=
        CHATM_STATUS_OK)
      goto out;
  }

  if (chatm_chat_to_json(first, &before, &error) != CHATM_STATUS_OK) goto out;
  if (chatm_chat_to_json(second, &after, &error) != CHATM_STATUS_OK) goto out;
  printf("%s\n", after.ptr);
  same = before.len == after.len && memcmp(before.ptr, after.ptr, after.len) == 0;
  printf("the same chat: %s\n", same ? "yes" : "no");
  result = same ? 0 : 1;

out:
  if (error != NULL) {
    chatm_str message = chatm_error_message(error);
    fprintf(stderr, "replay: %.*s\n", (int)message.len, message.ptr);
  }
  chatm_buf_free(&after);
  chatm_buf_free(&before);
  for (size_t i = 0; i < COUNT; i++) chatm_buf_free(&journal[i]);
  chatm_error_free(error);
  chatm_chat_free(second);
  chatm_chat_free(first);
  return result;
}
