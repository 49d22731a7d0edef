#include "api/account_json.h"

#include "api/members.h"
#include "base/time.h"

void account_json_write(struct buf *out, const struct account_sums *sums)
{
    member_key(out, "account");
    buf_add_byte(out, '{');
    member_u64(out, "received", sums->received);
    member_u64(out, "stored", sums->stored);
    member_u64(out, "repeated", sums->repeated);
    member_u64(out, "rejected", sums->rejected);
    member_u64(out, "failed", sums->failed);
    member_u64(out, "in_flight", sums->in_flight);
    member_u64(out, "throttled", sums->throttled);
    member_u64(out, "refused", sums->refused);
    member_u64(out, "bytes", sums->bytes);
    member_time(out, "last", sums->last ? sums->last : TIME_UNSET);
    buf_add_byte(out, '}');
}
