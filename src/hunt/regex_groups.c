#include "hunt/regex_groups.h"

/* What opens a group that captures, behind its bracket: its name, which may be empty. False: it captures nothing. */
static bool opens(struct str rest, struct str *ret_name)
{
    *ret_name = str_of("", 0);
    if (!str_starts(rest, STR("?")))
        return true;
    size_t skip = str_starts(rest, STR("?P<")) ? 3 : str_starts(rest, STR("?<")) ? 2 : 0;
    *ret_name = str_first(str_skip(rest, skip), str_index(str_skip(rest, skip), '>'));
    return skip > 0;
}

/* Groups up to the one of that name, or all of them. */
static unsigned walk(struct str regex, const struct str *wanted, bool *ret_found)
{
    unsigned count = 0;
    bool set = false;
    *ret_found = false;
    for (size_t i = 0; i < regex.len && !*ret_found; i++) {
        struct str rest = str_skip(regex, i + 1), name;
        if (regex.ptr[i] == '\\')
            i++;
        else if (set)
            set = regex.ptr[i] != ']';
        else if (regex.ptr[i] == '[') {
            set = true;
            i += rest.len && rest.ptr[0] == '^';
            i += i + 1 < regex.len && regex.ptr[i + 1] == ']';
        } else if (regex.ptr[i] == '(' && opens(rest, &name)) {
            count++;
            *ret_found = wanted && str_eq(name, *wanted);
        }
    }
    return count;
}

unsigned regex_groups_count(struct str regex)
{
    bool found;
    return walk(regex, NULL, &found);
}

unsigned regex_groups_find(struct str regex, struct str name)
{
    bool found;
    unsigned number = walk(regex, &name, &found);
    return found ? number : 0;
}
