/*
 * Every way in which a call can fail, and what its error says.
 *
 *   cc errors.c $(pkg-config --cflags --libs chatmodel) -o errors && ./errors
 *
 * Prints of each error its status, statusCode, code, JSON Pointer, byte offset, message and reply.
 * CHATM_STATUS_PANIC is missing: it is a fault in the library, and nothing that a program can call for.
 */
#include <chatmodel.h>
#include <stdio.h>

/* The model refuses: AttachUserData wants `userData`. */
static chatm_status refused(chatm_error **error) {
  chatm_op *op = NULL;
  chatm_status status = chatm_op_parse(
      CHATM_BY_AGENT, chatm_cstr("{\"operationName\":\"AttachUserData\"}"), NULL, &op, error);
  chatm_op_free(op);
  return status;
}

/* There is no such number. */
static chatm_status invalid_argument(chatm_error **error) {
  chatm_op *op = NULL;
  chatm_status status = chatm_op_parse(99, chatm_cstr("{}"), NULL, &op, error);
  chatm_op_free(op);
  return status;
}

/* ISO 8859-1. */
static chatm_status invalid_utf8(chatm_error **error) {
  chatm_chat *chat = NULL;
  chatm_status status = chatm_chat_new(chatm_cstr("caf\xe9"), &chat, error);
  chatm_chat_free(chat);
  return status;
}

/* No value stands behind the last comma. */
static chatm_status invalid_json(chatm_error **error) {
  chatm_buf merged = CHATM_BUF_INIT;
  chatm_status status = chatm_user_data_merge(
      chatm_cstr("{\"a\":1}"), chatm_cstr("{\"b\":{\"c\":[1,]}}"), NULL, &merged, error);
  chatm_buf_free(&merged);
  return status;
}

/* JSON, but no chat. */
static chatm_status invalid_value(chatm_error **error) {
  chatm_chat *chat = NULL;
  chatm_status status =
      chatm_chat_from_json(chatm_cstr("{\"state\":\"Chatting\"}"), NULL, &chat, error);
  chatm_chat_free(chat);
  return status;
}

/* Nobody of this name is on the chat. */
static chatm_status not_found(chatm_error **error) {
  chatm_chat *chat = NULL;
  chatm_buf view = CHATM_BUF_INIT;
  chatm_status status = chatm_chat_new(chatm_cstr("1"), &chat, error);
  if (status == CHATM_STATUS_OK)
    status = chatm_chat_view(chat, chatm_cstr("agent1"), NULL, &view, error);
  chatm_buf_free(&view);
  chatm_chat_free(chat);
  return status;
}

static int32_t no_random(void *data, uint8_t *bytes, size_t len) {
  (void)data, (void)bytes, (void)len;
  return -1;
}

/* A new participant needs an id, and the program's own source of them is dry. */
static chatm_status callback_failed(chatm_error **error) {
  chatm_chat *chat = NULL;
  chatm_op *op = NULL;
  chatm_context context = CHATM_CONTEXT_INIT;
  chatm_status status = chatm_chat_new(chatm_cstr("1"), &chat, error);
  context.random = no_random;
  if (status == CHATM_STATUS_OK)
    status = chatm_op_parse(CHATM_BY_CUSTOMER,
                            chatm_cstr("{\"operationName\":\"RequestChat\",\"nickname\":\"Chris\"}"),
                            NULL, &op, error);
  if (status == CHATM_STATUS_OK) status = chatm_chat_apply(chat, op, &context, NULL, error);
  chatm_op_free(op);
  chatm_chat_free(chat);
  return status;
}

/* A text that is not there has no pointer, and is not the empty text. */
static void print(const char *name, chatm_str text) {
  if (text.ptr == NULL)
    printf("  %s: none\n", name);
  else
    printf("  %s: \"%.*s\"\n", name, (int)text.len, text.ptr);
}

int main(void) {
  static const struct {
    chatm_status expected;
    chatm_status (*provoke)(chatm_error **error);
  } CASES[] = {
      {CHATM_STATUS_REFUSED, refused},
      {CHATM_STATUS_INVALID_ARGUMENT, invalid_argument},
      {CHATM_STATUS_INVALID_UTF8, invalid_utf8},
      {CHATM_STATUS_INVALID_JSON, invalid_json},
      {CHATM_STATUS_INVALID_VALUE, invalid_value},
      {CHATM_STATUS_NOT_FOUND, not_found},
      {CHATM_STATUS_CALLBACK_FAILED, callback_failed},
  };
  int result = 0;

  for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
    chatm_error *error = NULL;
    chatm_status status = CASES[i].provoke(&error);

    printf("%d %s\n", (int)status, chatm_status_name(status));
    printf("  statusCode: %u\n", (unsigned)chatm_error_status_code(error));
    print("code", chatm_error_code(error));
    print("pointer", chatm_error_pointer(error));
    printf("  offset: %lld\n", (long long)chatm_error_offset(error));
    print("message", chatm_error_message(error));
    print("reply", chatm_error_reply(error));

    if (status != CASES[i].expected || chatm_error_status(error) != status) result = 1;
    chatm_error_free(error);
  }
  return result;
}
