/* Reading datasets, recognising events, routes, aliases, derived values, time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "event/dataset_set.h"

static const char WINDOWS[] =
    "name: windows\n"
    "title: Windows events\n"
    "recognise:\n"
    "- {Provider_Name: {present: true}, EventID: {present: true}}\n"
    "- {_format: evtx}\n"
    "event_id: EventID\n"
    "time: [TimeCreated, UtcTime]\n"
    "host: [Computer, Host]\n"
    "user: SubjectUserName\n"
    "logsources: [{product: windows}]\n"
    "fields: {EventID: {type: integer, ecs: event.code}}\n"
    "---\n"
    "name: sysmon\n"
    "extends: windows\n"
    "recognise:\n"
    "- Channel: Microsoft-Windows-Sysmon/Operational\n"
    "- {EventID: {present: true}, ProcessGuid: {present: true}, Channel: {present: false}}\n"
    "logsources:\n"
    "- {product: windows, service: sysmon, category: process_creation, when: {EventID: 1}}\n"
    "- {product: windows, service: sysmon, category: registry_add, when: {EventID: 12}}\n"
    "- {product: windows, service: sysmon, category: registry_event, when: {EventID: [12, 13]}}\n"
    "- {product: windows, service: sysmon}\n"
    "fields:\n"
    "  Image: {type: path, ecs: process.executable, ocsf: process.file.path, about: The program}\n"
    "---\n"
    "name: security\n"
    "extends: windows\n"
    "recognise: [{Channel: Security}]\n"
    "logsources:\n"
    "- {product: windows, service: security, category: process_creation, when: {EventID: 4688}}\n"
    "- product: windows\n"
    "  service: security\n"
    "  category: file_access\n"
    "  when: {EventID: 4663, ObjectType: File}\n"
    "- {product: windows, service: security}\n"
    "aliases:\n"
    "- {events: [4688], fields: {Image: NewProcessName, User: [TargetUserName, SubjectUserName]}}\n"
    "- {fields: {LogonId: SubjectLogonId}}\n"
    "derive:\n"
    "- {field: Initiated, events: [5156], format: '{Direction}',\n"
    "   values: {'%%14592': 'false', '%%14593': 'true'}}\n"
    "- {field: TargetObject, events: [4657], format: '{ObjectName}\\{ObjectValueName}',\n"
    "   prefixes: {'\\REGISTRY\\MACHINE\\': 'HKLM\\'}}\n"
    "- {field: CommandLine, events: [9], join: {stem: a, count: argc}}\n"
    "- {field: Arguments, events: [9], list: arg}\n"
    "- {field: Respelt, guid: Guid}\n";

static const char ZEEK[] =
    "name: zeek\n"
    "recognise: [{_path: {present: true}, ts: {present: true}}, {message: {prefix: 'zeek: '}}]\n"
    "event_id: _path\n"
    "time: ts\n"
    "logsources:\n"
    "- {product: zeek, service: '{event_id}', services: [dns, http]}\n"
    "---\n"
    "name: other\n"
    "fallback: true\n"
    "time: '@timestamp'\n"
    "host: hostname\n";

static const char *const FORMATS[] = {NULL, "evtx", "json"};

struct fixture {
    struct fields fields;
    struct datasets *datasets;
    struct slot slots[40];
    struct event event;
    struct arena scratch;
};

static void load(struct fixture *f, const char *yaml)
{
    struct err err = {0};
    if (datasets_add(f->datasets, str_from_c(yaml), STR("test.yaml"), &err) < 0)
        fail_msg("%u:%u: %s", err.line, err.column, err.message);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    assert_int_equal(fields_init(&f->fields), 0);
    f->datasets = datasets_new(&f->fields);
    assert_non_null(f->datasets);
    arena_init(&f->scratch, 1 << 20);
    datasets_name_formats(f->datasets, FORMATS, 3);
    load(f, WINDOWS);
    load(f, ZEEK);
    assert_int_equal(datasets_freeze(f->datasets), 0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    datasets_free(f->datasets);
    fields_free(&f->fields);
    arena_free(&f->scratch);
    free(f);
    return 0;
}

/* An event of name, value, name, value, .., NULL; recognised. */
static void recognise(struct fixture *f, int format, ...)
{
    va_list args;
    arena_reset(&f->scratch);
    f->event = (struct event){.slots = f->slots,
                              .slots_max = sizeof(f->slots) / sizeof(f->slots[0]),
                              .route = ROUTE_NONE,
                              .dataset = DATASET_NONE,
                              .format = (uint8_t)format,
                              .time = TIME_UNSET,
                              .scratch = &f->scratch};
    va_start(args, format);
    for (;;) {
        const char *name = va_arg(args, const char *);
        if (!name)
            break;
        const char *text = va_arg(args, const char *);
        f->slots[f->event.n_slots++] =
            (struct slot){.name = name,
                          .name_len = (uint16_t)strlen(name),
                          .text = text,
                          .text_len = (uint32_t)strlen(text),
                          .field = fields_find(&f->fields, str_from_c(name)),
                          .type = VALUE_STRING};
    }
    va_end(args);
    datasets_recognise(f->datasets, &f->event);
}

static void assert_dataset(const struct fixture *f, const char *name)
{
    const struct dataset *dataset = datasets_get(f->datasets, f->event.dataset);
    if (!dataset)
        fail_msg("no dataset recognised the event, wanted %s", name);
    else
        assert_true(str_eq(dataset->name, str_from_c(name)));
}

/* Does the event's route provide this to a rule? */
static bool provides(const struct fixture *f, const char *product, const char *category,
                     const char *service)
{
    const struct route *route = datasets_route(f->datasets, f->event.route);
    const struct logsource wanted = {str_from_c(product), str_from_c(category),
                                     str_from_c(service)};
    for (uint32_t i = 0; route && i < route->n_logsources; i++)
        if (logsource_provides(&route->logsources[i], &wanted))
            return true;
    return false;
}

static bool has(struct fixture *f, const char *name, const char *text)
{
    return str_eq(event_get(&f->event, name), str_from_c(text));
}

static void a_channel_names_the_dataset_and_the_event_id_its_logsources(void **state)
{
    struct fixture *f = *state;
    recognise(f, 0, "Channel", "Microsoft-Windows-Sysmon/Operational", "EventID", "1", NULL);
    assert_dataset(f, "sysmon");
    assert_true(provides(f, "windows", "process_creation", ""));
    assert_true(provides(f, "windows", "", "sysmon"));
    assert_true(provides(f, "windows", "process_creation", "sysmon"));
    assert_true(provides(f, "windows", "", ""));
    assert_true(provides(f, "", "process_creation", ""));
    assert_false(provides(f, "windows", "registry_add", ""));
    assert_false(provides(f, "windows", "", "security"));
    assert_false(provides(f, "linux", "process_creation", ""));
    const struct route *route = datasets_route(f->datasets, f->event.route);
    assert_true(str_eq(route->event_id, STR("1")));

    recognise(f, 0, "Channel", "Microsoft-Windows-Sysmon/Operational", "EventID", "12", NULL);
    assert_true(provides(f, "windows", "registry_add", ""));
    assert_true(provides(f, "windows", "registry_event", ""));
    assert_false(provides(f, "windows", "process_creation", ""));
}

static void values_are_compared_without_the_case_of_letters(void **state)
{
    struct fixture *f = *state;
    recognise(f, 0, "Channel", "security", "EventID", "4624", NULL);
    assert_dataset(f, "security");
}

static void the_more_specific_dataset_wins_over_the_general_one(void **state)
{
    struct fixture *f = *state;
    recognise(f, 1, "Provider_Name", "x", "EventID", "1", "Channel", "Security", NULL);
    assert_dataset(f, "security");
    recognise(f, 1, "Provider_Name", "x", "EventID", "1", "Channel", "Unheard/Of", NULL);
    assert_dataset(f, "windows");
    recognise(f, 0, "EventID", "1", "ProcessGuid", "{1}", "Image", "a.exe", NULL);
    assert_dataset(f, "sysmon");
    recognise(f, 0, "EventID", "1", "ProcessGuid", "{1}", "Channel", "Unheard/Of", NULL);
    assert_int_equal(f->event.dataset, DATASET_NONE);
}

static void the_format_of_the_input_can_be_asked_for(void **state)
{
    struct fixture *f = *state;
    recognise(f, 1, "anything", "x", NULL);
    assert_dataset(f, "windows");
    recognise(f, 2, "anything", "x", NULL);
    assert_int_equal(f->event.dataset, DATASET_NONE);
    assert_int_equal(f->event.route, ROUTE_NONE);
}

static void a_prefix_recognises(void **state)
{
    struct fixture *f = *state;
    recognise(f, 0, "message", "zeek: hello", NULL);
    assert_dataset(f, "zeek");
    recognise(f, 0, "message", "zeek", NULL);
    assert_int_equal(f->event.dataset, DATASET_NONE);
}

static void a_service_can_be_the_event_id_itself(void **state)
{
    struct fixture *f = *state;
    recognise(f, 0, "_path", "dns", "ts", "1", NULL);
    assert_true(provides(f, "zeek", "", "dns"));
    assert_false(provides(f, "zeek", "", "http"));
    const struct logsource dns = {STR("zeek"), STR(""), STR("dns")};
    const struct logsource none = {STR("zeek"), STR(""), STR("nosuch")};
    assert_true(datasets_provide(f->datasets, &dns));
    assert_false(datasets_provide(f->datasets, &none));
}

static void conditions_besides_the_event_id_split_routes(void **state)
{
    struct fixture *f = *state;
    recognise(f, 0, "Channel", "Security", "EventID", "4663", "ObjectType", "Key", NULL);
    assert_false(provides(f, "windows", "file_access", ""));
    recognise(f, 0, "Channel", "Security", "EventID", "4663", "ObjectType", "File", NULL);
    assert_true(provides(f, "windows", "file_access", ""));
}

static void a_second_event_id_in_an_event_does_not_spoil_the_route_of_the_first(void **state)
{
    struct fixture *f = *state;
    recognise(f, 0, "Channel", "Security", "EventID", "4624", "EventID", "4688", NULL);
    assert_false(provides(f, "windows", "process_creation", ""));
    assert_true(provides(f, "windows", "", "security"));
}

static void equal_events_share_a_route(void **state)
{
    struct fixture *f = *state;
    recognise(f, 0, "Channel", "Security", "EventID", "4624", NULL);
    uint32_t first = f->event.route;
    recognise(f, 0, "EventID", "4624", "Channel", "Security", "other", "x", NULL);
    assert_int_equal(f->event.route, first);
    recognise(f, 0, "EventID", "4625", "Channel", "Security", NULL);
    assert_int_not_equal(f->event.route, first);
}

static void events_that_say_their_logsource_are_believed(void **state)
{
    struct fixture *f = *state;
    recognise(f, 0, "product", "windows", "category", "process_creation", "Image", "x", NULL);
    assert_int_equal(f->event.dataset, DATASET_NONE);
    assert_true(provides(f, "windows", "process_creation", ""));
    assert_true(provides(f, "windows", "", ""));
    assert_false(provides(f, "windows", "", "sysmon"));

    recognise(f, 0, "EventID", "1", "ProcessGuid", "1", "product", "windows", "category",
              "file_event", NULL);
    assert_dataset(f, "sysmon"); /* for aliases and time */
    assert_true(provides(f, "windows", "file_event", ""));
    assert_false(provides(f, "windows", "process_creation", ""));

    recognise(f, 0, "Channel", "Security", "EventID", "1", "product", "windows", NULL);
    assert_true(provides(f, "windows", "", "security")); /* the dataset knows more */

    recognise(f, 0, "_path", "conn", "ts", "1", "service", "ssl", NULL);
    assert_true(provides(f, "zeek", "", "conn")); /* Zeek's own field of that name */
}

static void tags_that_no_rule_asks_for_make_no_routes(void **state)
{
    struct fixture *f = *state;
    const struct logsource wanted = {STR("acme"), STR(""), STR("payroll")};
    assert_int_equal(datasets_want(f->datasets, &wanted), 0);
    recognise(f, 0, "product", "acme", "service", "payroll", NULL);
    assert_true(provides(f, "acme", "", "payroll"));
    recognise(f, 0, "product", "acme", "service", "canteen", NULL);
    assert_true(provides(f, "acme", "", ""));
    assert_false(provides(f, "acme", "", "payroll"));
    recognise(f, 0, "service", "6f1c2b", NULL);
    assert_int_equal(f->event.route, ROUTE_NONE);
}

static void aliases_apply_to_their_event_ids_only(void **state)
{
    struct fixture *f = *state;
    uint32_t found[4];
    uint32_t image = fields_find(&f->fields, STR("Image"));
    uint32_t user = fields_find(&f->fields, STR("User"));
    recognise(f, 0, "Channel", "Security", "EventID", "4688", NULL);
    const struct route *route = datasets_route(f->datasets, f->event.route);
    assert_int_equal(datasets_resolve(f->datasets, route, image, found, 4), 2);
    assert_int_equal(found[0], image);
    assert_int_equal(found[1], fields_find(&f->fields, STR("NewProcessName")));
    assert_int_equal(datasets_resolve(f->datasets, route, user, found, 4), 3);
    assert_int_equal(datasets_resolve(f->datasets, route, user, found, 2), 2);
    recognise(f, 0, "Channel", "Security", "EventID", "4624", NULL);
    route = datasets_route(f->datasets, f->event.route);
    assert_int_equal(datasets_resolve(f->datasets, route, image, found, 4), 1);
    uint32_t logon = fields_find(&f->fields, STR("LogonId"));
    assert_int_equal(datasets_resolve(f->datasets, route, logon, found, 4), 2);
}

static void derived_values_are_added_for_their_event_ids(void **state)
{
    struct fixture *f = *state;
    recognise(f, 0, "Channel", "Security", "EventID", "5156", "Direction", "%%14593", NULL);
    assert_true(has(f, "Initiated", "true"));
    assert_int_equal(f->event.slots[3].flags, SLOT_DERIVED);
    struct buf json = {0};
    event_write_json(&f->event, &json);
    assert_int_equal(str_find(buf_str(&json), STR("Initiated")), SIZE_MAX);
    buf_free(&json);
    recognise(f, 0, "Channel", "Security", "EventID", "5156", "Direction", "sideways", NULL);
    assert_int_equal(f->event.n_slots, 3);
    recognise(f, 0, "Channel", "Security", "EventID", "5157", "Direction", "%%14593", NULL);
    assert_int_equal(f->event.n_slots, 3);
    recognise(f, 0, "Channel", "Security", "EventID", "4657", "ObjectName",
              "\\Registry\\Machine\\Software\\Run", "ObjectValueName", "x", NULL);
    assert_true(has(f, "TargetObject", "HKLM\\Software\\Run\\x"));
    recognise(f, 0, "Channel", "Security", "EventID", "4657", "ObjectName", "y", NULL);
    assert_int_equal(f->event.n_slots, 3);
    recognise(f, 0, "Channel", "Security", "EventID", "9", "a0", "55d0", "a1", "7", "a2", "0",
              "argc", "2", "a0", "ls", "a1", "-l", NULL);
    assert_true(has(f, "CommandLine", "ls -l"));
    recognise(f, 0, "Channel", "Security", "EventID", "9", "arg", "rm", "x", "y", "arg", "-r",
              NULL);
    assert_true(has(f, "Arguments", "rm -r"));
}

static void a_guid_is_known_by_both_its_spellings(void **state)
{
    struct fixture *f = *state;
    recognise(f, 0, "Channel", "Security", "Guid", "0cce9217-69ae-11d9-bed3-505054503030", NULL);
    assert_true(has(f, "Respelt", "{0cce9217-69ae-11d9-bed3-505054503030}"));
    recognise(f, 0, "Channel", "Security", "Guid", "{0CCE9217-69AE-11D9-BED3-505054503030}", NULL);
    assert_true(has(f, "Respelt", "0CCE9217-69AE-11D9-BED3-505054503030"));
    static const char *const others[] = {
        "",
        "{",
        "{}",
        "-",
        "0cce9217-69ae-11d9-bed3-50505450303",
        "{0cce9217-69ae-11d9-bed3-505054503030",
        "0cce921769ae-11d9-bed3-5050545030301",
        "0cce9217-69ae-11d9-bed3-50505450303g",
    };
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        recognise(f, 0, "Channel", "Security", "Guid", others[i], NULL);
        assert_int_equal(f->event.n_slots, 2);
    }
}

static void an_event_without_room_gets_no_derived_values(void **state)
{
    struct fixture *f = *state;
    recognise(f, 0, "Channel", "Security", "EventID", "5156", "Direction", "%%14593", NULL);
    f->event.n_slots = 3;
    f->event.slots_max = 0;
    datasets_recognise(f->datasets, &f->event);
    assert_int_equal(f->event.n_slots, 3);
}

static void time_host_and_user_come_from_the_first_field_that_says(void **state)
{
    struct fixture *f = *state;
    recognise(f, 0, "Channel", "Security", "EventID", "1", "TimeCreated", "not a time", "UtcTime",
              "2026-01-02 03:04:05.678", "Computer", "4294967295", "Host", "dc1", "SubjectUserName",
              "eve", NULL);
    assert_int_equal(datasets_time(f->datasets, &f->event), INT64_C(1767323045678000));
    assert_int_equal(f->event.time, INT64_C(1767323045678000));
    assert_true(str_eq(datasets_host(f->datasets, &f->event), STR("dc1")));
    assert_true(str_eq(datasets_user(f->datasets, &f->event), STR("eve")));
    recognise(f, 0, "Channel", "Security", "EventID", "1", "Computer", "-", "Host", "dc2", NULL);
    assert_true(str_eq(datasets_host(f->datasets, &f->event), STR("dc2")));
    recognise(f, 0, "hostname", "web1", "@timestamp", "2026-01-02T03:04:05Z", NULL);
    assert_int_equal(f->event.dataset, DATASET_NONE);
    assert_int_equal(datasets_time(f->datasets, &f->event), INT64_C(1767323045000000));
    assert_true(str_eq(datasets_host(f->datasets, &f->event), STR("web1")));
    assert_int_equal(datasets_user(f->datasets, &f->event).len, 0);
}

static void fields_have_types_and_standard_names(void **state)
{
    struct fixture *f = *state;
    uint32_t sysmon = datasets_find(f->datasets, STR("sysmon"));
    const struct dataset_field *image =
        datasets_field(f->datasets, sysmon, fields_find(&f->fields, STR("Image")));
    assert_non_null(image);
    assert_int_equal(image->type, FIELD_PATH);
    assert_true(str_eq(image->ecs, STR("process.executable")));
    assert_true(str_eq(image->ocsf, STR("process.file.path")));
    assert_non_null(/* inherited */
                    datasets_field(f->datasets, sysmon, fields_find(&f->fields, STR("EventID"))));
    assert_null(datasets_field(f->datasets, sysmon, fields_find(&f->fields, STR("ts"))));
    assert_null(datasets_field(f->datasets, DATASET_NONE, 1));
}

static void a_flood_of_event_ids_shares_routes_and_stays_exact(void **state)
{
    struct fixture *f = *state;
    char id[32];
    for (unsigned i = 0; i < ROUTES_MAX + 100; i++) {
        (void)snprintf(id, sizeof(id), "%u", 100000 + i);
        recognise(f, 0, "Channel", "Security", "EventID", id, NULL);
        assert_int_not_equal(f->event.route, ROUTE_NONE);
    }
    assert_true(datasets_route_count(f->datasets) <= ROUTES_SPLIT_MAX + 1);
    recognise(f, 0, "Channel", "Security", "EventID", "4688", NULL);
    const struct route *route = datasets_route(f->datasets, f->event.route);
    assert_true(route->any_event_id);
    assert_true(provides(f, "windows", "process_creation", ""));
    recognise(f, 0, "Channel", "Security", "EventID", "4624", NULL);
    assert_false(provides(f, "windows", "process_creation", ""));
    recognise(f, 0, "_path", "nosuch", "ts", "1", NULL);
    recognise(f, 0, "_path", "dns", "ts", "1", NULL); /* a service that rules know */
    assert_true(provides(f, "zeek", "", "dns"));
    recognise(f, 0, "_path", "other", "ts", "1", NULL);
    assert_true(provides(f, "zeek", "", ""));
    assert_false(provides(f, "zeek", "", "nosuch"));
    assert_int_equal(datasets_unrouted(f->datasets), 0);
}

static void a_flood_of_tags_is_counted_when_there_is_no_room(void **state)
{
    struct fixture *f = *state;
    char tag[32];
    for (unsigned i = 0; i < ROUTES_MAX + 5; i++) {
        (void)snprintf(tag, sizeof(tag), "p%u", i);
        recognise(f, 0, "product", tag, NULL);
    }
    assert_int_equal(datasets_unrouted(f->datasets), 5);
    assert_int_equal(f->event.route, ROUTE_NONE);
}

#define THREADS 4
#define IDS_EACH 3000

/* Recognises events of many ids, the same in every thread, and counts those that came out wrong. */
static void *recognise_many(void *argument)
{
    struct fixture *f = argument;
    uint32_t channel = fields_find(&f->fields, STR("Channel"));
    uint32_t event_id = fields_find(&f->fields, STR("EventID"));
    uintptr_t wrong = 0;
    for (unsigned i = 0; i < IDS_EACH; i++) {
        char id[16];
        int len = snprintf(id, sizeof(id), "%u", i);
        struct slot slots[] = {
            {.text = "Security", .text_len = 8, .field = channel},
            {.text = id, .text_len = (uint32_t)len, .field = event_id},
        };
        struct event event = {.slots = slots, .n_slots = 2, .time = TIME_UNSET};
        datasets_recognise(f->datasets, &event);
        const struct route *route = datasets_route(f->datasets, event.route);
        if (!route || !str_eq(route->event_id, str_of(id, (size_t)len)) || route->n_logsources < 1)
            wrong++;
    }
    return (void *)wrong;
}

static void threads_that_make_routes_at_once_agree(void **state)
{
    struct fixture *f = *state;
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, recognise_many, f), 0);
    for (int i = 0; i < THREADS; i++) {
        void *wrong;
        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_null(wrong);
    }
    assert_int_equal(datasets_route_count(f->datasets), IDS_EACH);
}

static void refuses(struct fixture *f, const char *yaml, uint32_t line, const char *message)
{
    struct err err = {0};
    int status = datasets_add(f->datasets, str_from_c(yaml), STR("bad.yaml"), &err);
    assert_true(status < 0);
    assert_int_equal(err.line, line);
    assert_non_null(strstr(err.message, message));
}

static void mistakes_are_refused_with_their_place(void **state)
{
    struct fixture *f = *state;
    refuses(f, "title: x\n", 1, "'name' is missing");
    refuses(f, "name: x\nnames: y\n", 2, "unknown key 'names'");
    refuses(f, "name: x\nrecognise: [{a: {present: false}}]\n", 2, "present");
    refuses(f, "name: x\nrecognise: [{a: {like: b}}]\n", 2, "unknown key 'like'");
    refuses(f, "name: x\nfields:\n  a: {type: colour}\n", 3, "a type of field");
    refuses(f, "name: x\nderive: [{field: y, format: '{a'}]\n", 2, "in braces");
    refuses(f, "name: x\nderive: [{field: y}]\n", 2, "one of 'format', 'join'");
    refuses(f, "name: x\nextends: nobody\n", 2, "read before");
    refuses(f, "name: x\nlogsources: [{product: a, services: [b]}]\n", 2, "'services' only");
    refuses(f, "- name: x\n", 1, "a map that describes a dataset");
    struct err err = {0};
    assert_int_equal(datasets_add(f->datasets, STR("name: sysmon\n"), STR("b.yaml"), &err),
                     -EEXIST);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_channel_names_the_dataset_and_the_event_id_its_logsources),
        TEST(values_are_compared_without_the_case_of_letters),
        TEST(the_more_specific_dataset_wins_over_the_general_one),
        TEST(the_format_of_the_input_can_be_asked_for),
        TEST(a_prefix_recognises),
        TEST(a_service_can_be_the_event_id_itself),
        TEST(conditions_besides_the_event_id_split_routes),
        TEST(a_second_event_id_in_an_event_does_not_spoil_the_route_of_the_first),
        TEST(equal_events_share_a_route),
        TEST(events_that_say_their_logsource_are_believed),
        TEST(tags_that_no_rule_asks_for_make_no_routes),
        TEST(aliases_apply_to_their_event_ids_only),
        TEST(derived_values_are_added_for_their_event_ids),
        TEST(a_guid_is_known_by_both_its_spellings),
        TEST(an_event_without_room_gets_no_derived_values),
        TEST(time_host_and_user_come_from_the_first_field_that_says),
        TEST(fields_have_types_and_standard_names),
        TEST(a_flood_of_event_ids_shares_routes_and_stays_exact),
        TEST(a_flood_of_tags_is_counted_when_there_is_no_room),
        TEST(threads_that_make_routes_at_once_agree),
        TEST(mistakes_are_refused_with_their_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
