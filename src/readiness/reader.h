/* reader: what reading a library and reading a drill share: maps with keys that are known, values, bindings. */
#ifndef JAGA_READINESS_READER_H
#define JAGA_READINESS_READER_H

#include "readiness/drill.h"

struct reader {
    struct arena *arena;
    const struct drill_library *library;
    struct err *err;
};

int reader_refuse(const struct reader *reader, const struct yaml_node *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int reader_no_memory(const struct reader *reader);

/* One document, a map. */
int reader_document(const struct reader *reader, struct str text, struct yaml_node **ret_map);

/* One key of a map: reads its value into what `to` is. */
struct reader_key {
    const char *name;
    int (*read)(const struct reader *reader, const struct yaml_node *node, void *to);
    bool required;
};

/* Reads a map by a table of keys, ended by a row without a name, in the order of the table. */
int reader_map(const struct reader *reader, const struct yaml_node *map,
               const struct reader_key *keys, const char *what, void *to);

/* A list of maps, as an array of zeroed items of `size` bytes that `read` fills. */
int reader_list(const struct reader *reader, const struct yaml_node *list, size_t size,
                int (*read)(const struct reader *reader, const struct yaml_node *node, void *to),
                void *ret_items, size_t *ret_n);

/* A copy in the arena of a text that is not empty. */
int reader_text(const struct reader *reader, const struct yaml_node *node, struct str *ret_text);
/* One text or a list of them. */
int reader_texts(const struct reader *reader, const struct yaml_node *node, struct str **ret_texts,
                 size_t *ret_n);
int reader_duration(const struct reader *reader, const struct yaml_node *node, int64_t *ret_us);
int reader_number(const struct reader *reader, const struct yaml_node *node, double min, double max,
                  double *ret_number);
int reader_count(const struct reader *reader, const struct yaml_node *node, uint64_t min,
                 uint64_t max, uint64_t *ret_count);

/* A map of names to texts. */
int reader_bindings(const struct reader *reader, const struct yaml_node *map,
                    struct text_scope *ret_scope);
/* `name`: the text of a scalar. */
int reader_binding(const struct reader *reader, struct str name, const struct yaml_node *node,
                   struct text_binding *ret_binding);
int reader_value(const struct reader *reader, const struct yaml_node *node,
                 struct drill_value *ret_value);

/* The keys of an event: like, with. */
int reader_emit_like(const struct reader *reader, const struct yaml_node *node, void *to);
int reader_emit_with(const struct reader *reader, const struct yaml_node *node, void *to);

#endif
