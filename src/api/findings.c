#include "api/findings.h"

#include "api/members.h"
#include "base/time.h"
#include "sigma/rule.h"

const char *const finding_kind_names[FINDING_KINDS] = {"rule", "correlation", "indicator", "source",
                                                       "hunt"};
const char *const finding_status_names[3] = {"open", "cleared", "closed"};

int finding_name_number(struct str name, const char *const *names, int n)
{
    for (int i = 0; i < n; i++) {
        if (str_eq(name, str_from_c(names[i])))
            return i;
    }
    return -1;
}

/* One of a few names; absent leaves *ret_number. */
static bool read_name(struct api_request *request, const char *parameter, const char *const *names,
                      int n, int *ret_number)
{
    struct str text = request_query(request, parameter);
    if (!text.ptr)
        return true;
    *ret_number = finding_name_number(text, names, n);
    if (*ret_number < 0)
        request_problem(request, 400, "'%.64s' is no %s of a finding", text.ptr, parameter);
    return *ret_number >= 0;
}

static bool read_time(struct api_request *request, const char *parameter, int64_t *ret_time)
{
    struct str text = request_query(request, parameter);
    if (!text.ptr || time_parse(text, ret_time) == 0)
        return true;
    request_problem(request, 400, "'%.64s' is no time: RFC 3339 is expected in '%s'", text.ptr,
                    parameter);
    return false;
}

static bool read_level(struct api_request *request, uint8_t *ret_level)
{
    struct str text = request_query(request, "level");
    enum sigma_level level = SIGMA_LEVEL_NONE;
    if (text.ptr && !sigma_level_parse(text, &level)) {
        request_problem(request, 400, "'%.64s' is no level", text.ptr);
        return false;
    }
    *ret_level = (uint8_t)level;
    return true;
}

bool finding_filters_read(struct api_request *request, struct finding_query *ret_query)
{
    *ret_query = (struct finding_query){
        .agency = request_query(request, "agency"),
        .rule = request_query(request, "rule"),
        .host = request_query(request, "host"),
        .user = request_query(request, "user"),
        .source = request_query(request, "source"),
        .text = request_query(request, "q"),
        .kind = -1,
        .status = -1,
        .from = TIME_UNSET,
        .to = TIME_UNSET,
    };
    return read_name(request, "kind", finding_kind_names, FINDING_KINDS, &ret_query->kind) &&
           read_name(request, "status", finding_status_names, 3, &ret_query->status) &&
           read_level(request, &ret_query->level_min) &&
           read_time(request, "from", &ret_query->from) && read_time(request, "to", &ret_query->to);
}

void finding_write(struct buf *out, const struct ledger_finding *finding, bool open)
{
    buf_add_byte(out, '{');
    member_str(out, "id", finding->id);
    member_u64(out, "change", finding->change);
    member_c(out, "kind", finding_kind_names[finding->kind]);
    member_c(out, "status", finding_status_names[finding->status]);
    member_c(out, "level", sigma_level_name((enum sigma_level)finding->level));
    member_str(out, "title", finding->title);
    member_str(out, "agency", finding->agency);
    member_str(out, "rule", finding->rule);
    member_str(out, "host", finding->host);
    member_str(out, "user", finding->user);
    member_str(out, "source", finding->source);
    member_raw(out, "tags", finding->tags, "[]");
    member_u64(out, "count", finding->count);
    member_u64(out, "throttled", finding->throttled);
    member_time(out, "first", finding->first);
    member_time(out, "last", finding->last);
    member_time(out, "created", finding->created);
    member_time(out, "updated", finding->updated);
    if (!open)
        buf_add_byte(out, '}');
}
