/* What the programs here have in common: they end at the first thing that is not as it should be. */
#ifndef CHECK_H
#define CHECK_H

#include <chatmodel.h>
#include <stdio.h>
#include <stdlib.h>

#define CHECK(what)                                                      \
  do {                                                                   \
    if (!(what)) {                                                       \
      fprintf(stderr, "%s:%d: expected %s\n", __FILE__, __LINE__, #what); \
      exit(1);                                                           \
    }                                                                    \
  } while (0)

#define WORKS(call) CHECK((call) == CHATM_STATUS_OK)

static const char CHAT[] =
    "{\"userData\":{\"Subject\":\"Customer support\"},\"state\":\"Chatting\",\"owner\":\"agent1\","
    "\"participants\":["
    "{\"nickname\":\"Chris\",\"type\":\"Customer\",\"participantId\":\"007352CE982D031B\"},"
    "{\"nickname\":\"Amy\",\"type\":\"Agent\",\"participantId\":\"007352CE984F0321\"}],"
    "\"id\":\"0000Wa9CAM6W00J\"}";
static const char ATTACH[] =
    "{\"operationName\":\"AttachUserData\",\"userData\":{\"UserData1\":\"DATA1\"}}";

/* A context in which `user` acts. */
static inline chatm_context acts(const char *user) {
  chatm_context context = CHATM_CONTEXT_INIT;
  context.user = chatm_cstr(user);
  context.at_ms = 1389261492035;
  context.reference_id = 83;
  return context;
}

static inline chatm_op *parsed(chatm_by by, const char *json) {
  chatm_op *op = NULL;
  WORKS(chatm_op_parse(by, chatm_cstr(json), NULL, &op, NULL));
  return op;
}

static inline chatm_op *house(chatm_trigger trigger, const char *user) {
  chatm_op *op = NULL;
  WORKS(chatm_op_house(trigger, chatm_cstr(user), &op, NULL));
  return op;
}

/* Reads every byte, so that a tool sees whether it may be read. */
static inline size_t sum(chatm_str text) {
  size_t at, all = 0;
  for (at = 0; at < text.len; at++) all += (unsigned char)text.ptr[at];
  return all;
}

/* Reads every byte and the NUL behind them, and gives the buffer back twice. */
static inline void done_with(chatm_buf *buffer) {
  CHECK(buffer->len > 0 && strlen(buffer->ptr) == buffer->len && sum(chatm_buf_str(buffer)) > 0);
  chatm_buf_free(buffer);
  CHECK(buffer->ptr == NULL && buffer->len == 0 && buffer->cap == 0);
  chatm_buf_free(buffer);
}

#endif
