/*
 * Mistakes on purpose, one for each argument: a tool that does not report them finds nothing else either.
 */
#include <limits.h>
#include <pthread.h>

#include "check.h"

static chatm_chat *chat_of_file(void) {
  chatm_chat *chat = NULL;
  WORKS(chatm_chat_from_json(chatm_cstr(CHAT), NULL, &chat, NULL));
  return chat;
}

static void *attach(void *chat) {
  chatm_context context = acts("agent1");
  WORKS(chatm_chat_apply_json(chat, chatm_cstr(ATTACH), &context, NULL, NULL));
  return NULL;
}

/* Two threads change one chat, each after a while alone. */
static void race(void) {
  pthread_t other;
  chatm_chat *chat = chat_of_file();
  CHECK(pthread_create(&other, NULL, attach, chat) == 0);
  attach(chat);
  CHECK(pthread_join(other, NULL) == 0);
  chatm_chat_free(chat);
}

/* The library is told of one byte more than there is: it reads behind the memory. */
static void wrong_length(void) {
  chatm_str json;
  chatm_chat *chat = NULL;
  char *text = malloc(sizeof CHAT - 1);
  CHECK(text != NULL);
  memcpy(text, CHAT, sizeof CHAT - 1);
  json.ptr = text;
  json.len = sizeof CHAT;
  chatm_chat_from_json(json, NULL, &chat, NULL);
  chatm_chat_free(chat);
  free(text);
}

/* The program writes behind what the library gave it. */
static void overflow(void) {
  chatm_chat *chat = chat_of_file();
  chatm_buf json = CHATM_BUF_INIT;
  WORKS(chatm_chat_to_json(chat, &json, NULL));
  json.ptr[json.cap] = 'x';
  chatm_buf_free(&json);
  chatm_chat_free(chat);
}

int main(int argc, char **argv) {
  const char *what = argc > 1 ? argv[1] : "";
  if (strcmp(what, "leak") == 0) {
    CHECK(chat_of_file() != NULL);
  } else if (strcmp(what, "double-free") == 0) {
    chatm_chat *chat = chat_of_file();
    chatm_chat_free(chat);
    chatm_chat_free(chat);
  } else if (strcmp(what, "race") == 0) {
    race();
  } else if (strcmp(what, "wrong-length") == 0) {
    wrong_length();
  } else if (strcmp(what, "overflow") == 0) {
    overflow();
  } else if (strcmp(what, "signed-overflow") == 0) {
    volatile int number = INT_MAX;
    printf("%d\n", number + argc);
  } else {
    CHECK(!"the name of a mistake");
  }
  return 0;
}
