/*
 * Operators that go through text or rows step by step, or to several results: parse-kv, fork, facet, scan, reduce.
 */
#include "hunt/golden_test.h"

static void pairs_are_taken_apart(void **state)
{
    (void)state;
    static const struct golden cases[] = {
        {"print str=\"ThreadId:458745723, Machine:Node001, Text: The service is up, Level: Info\" "
         "| "
         "parse-kv str as (Text: string, ThreadId:long, Machine: string) with (pair_delimiter=',', "
         "kv_delimiter=':') | project-away str",
         "Text|ThreadId|Machine/The service is up|458745723|Node001"},
        {"print str='src=10.1.1.123 dst=10.1.1.124 bytes=125 failure=\"connection aborted\" "
         "\"event "
         "time\"=2021-01-01T10:00:54' | parse-kv str as (['event time']:datetime, src:string, "
         "dst:string, bytes:long, failure:string) with (pair_delimiter=' ', kv_delimiter='=', "
         "quote='\"') | project-away str",
         "event time|src|dst|bytes|failure/2021-01-01T10:00:54Z|10.1.1.123|10.1.1.124|125|"
         "connection aborted"},
        {"print str='src=10.1.1.123 dst=10.1.1.124 bytes=125 failure=(connection aborted) (event "
         "time)=(2021-01-01 10:00:54)' | parse-kv str as (['event time']:datetime, src:string, "
         "dst:string, bytes:long, failure:string) with (pair_delimiter=' ', kv_delimiter='=', "
         "quote='()') | project-away str",
         "event time|src|dst|bytes|failure/2021-01-01T10:00:54Z|10.1.1.123|10.1.1.124|125|"
         "connection aborted"},
        {"print str='src=10.1.1.123 failure=\"the remote host sent \\\\\"bye!\\\\\"\" "
         "time=2021-01-01' | "
         "parse-kv str as (['time']:datetime, failure:string) with (pair_delimiter=' ', "
         "kv_delimiter='=', quote='\"', escape='\\\\') | project-away str",
         "time|failure/2021-01-01T00:00:00Z|the remote host sent \"bye!\""},
        {"print str='name=John Doe phone=555 5555 city=New York' | parse-kv str as (name:string, "
         "phone:string, city:string) with (pair_delimiter=' ', kv_delimiter='=') | project-away "
         "str",
         "name|phone|city/John|555|New"},
        {"print str='name=John Doe phone=555 5555 city=New York' | parse-kv str as (name:string, "
         "phone:string, city:string) with (pair_delimiter=' ', kv_delimiter='=', greedy=true) | "
         "project-away str",
         "name|phone|city/John Doe|555 5555|New York"},
        {"print str=\"2021-01-01T10:00:34 [INFO] ThreadId:458745723, Machine:Node001, Text: "
         "Started\" | parse-kv str as (Text: string, ThreadId:long, Machine: string) | "
         "project-away str",
         "Text|ThreadId|Machine/Started|458745723|Node001"},
        {"print str=@'[\"referer url: https://hostname.com/redirect?h=1234\", \"request url: "
         "https://hostname.com/?h=1234\", \"advertiser id: "
         "24fefbca-cf27-4d62-a623-249c2ad30c73\"]' | "
         "parse-kv str as (['referer url']:string, ['request url']:string, ['advertiser id']: "
         "guid) "
         "with (regex=@'\"([\\w ]+)\\s*:\\s*([^\"]*)\"') | project-away str",
         "referer url|request url|advertiser id/https://hostname.com/redirect?h=1234|"
         "https://hostname.com/?h=1234|24fefbca-cf27-4d62-a623-249c2ad30c73"},
        {"print s = 'a=1, a=2' | parse-kv s as (a:long, b:long, c:string) with "
         "(pair_delimiter=',', "
         "kv_delimiter='=') | project-away s",
         "a|b|c/1|-|"},
        {"print s = 'a' | parse-kv s as (a:long) with (pair_delimiter=',')",
         "1:17: parse-kv is told both its delimiters, or none"},
        {"print s = 'a' | parse-kv s as (a:long) with (regex='(x)')",
         "1:17: parse-kv takes a regex with two groups, of the key and of the value"},
    };
    GOLDEN_CHECK(cases);
}

static void fork_and_facet_give_several_results(void **state)
{
    (void)state;
    static const struct golden cases[] = {
        {"range x from 1 to 4 step 1 | fork (where x > 2 | count) low = (where x < 3 | summarize s "
         "= "
         "sum(x))",
         "Count/2 // s/3"},
        {"datatable(a:string, b:long)[\"x\", 1, \"y\", 1] | facet by a, b with (take 1) | count",
         "1:47: facet gives several results: it stands at the end of a query"},
        {"datatable(a:string, b:long)[\"x\", 1] | facet by a, b with (project s = strcat(a, b))",
         "s/x1 // a|count_a/x|1 // b|count_b/1|1"},
        {"let n = 2; print 1; range x from 2 to 2 step 1 | facet by x with (where x == n)",
         "print_0/1 // x/2 // x|count_x/2|1"},
    };
    GOLDEN_CHECK(cases);
}

#define FILL "datatable(Ts: timespan, Event: string)[0m, 'A', 1m, '', 2m, 'B', 3m, '', 4m, ''] | "
#define SESSIONS                                                                                   \
    "datatable(Ts: timespan, Event: string)[0m, 'A', 1m, 'A', 2m, 'B', 3m, 'D', 32m, 'B', 36m, "   \
    "'C', 38m, 'D', 41m, 'E', 75m, 'A'] | sort by Ts asc | "
#define STARTS                                                                                     \
    "datatable(Ts: timespan, Event: string)[0m, 'A', 1m, 'Start', 2m, 'B', 3m, 'D', 4m, 'Stop', "  \
    "6m, 'C', 8m, 'Start', 11m, 'E', 12m, 'Stop'] | sort by Ts asc | "
#define LOGS                                                                                       \
    "datatable(T:datetime, user:int, kind:string)[datetime(2024-05-28 08:15:23), 1, 'login', "     \
    "datetime(2024-05-28 08:30:15), 2, 'login', datetime(2024-05-28 09:10:27), 3, 'login', "       \
    "datetime(2024-05-28 12:30:45), 1, 'logout', datetime(2024-05-28 11:45:32), 2, 'logout', "     \
    "datetime(2024-05-28 13:25:19), 3, 'logout'] | "

static void scan_walks_over_rows_with_a_state(void **state)
{
    (void)state;
    static const struct golden cases[] = {
        {"range x from 1 to 5 step 1 | scan declare (cumulative_x:long=0) with (step s1: true => "
         "cumulative_x = x + s1.cumulative_x;)",
         "x|cumulative_x/1|1/2|3/3|6/4|10/5|15"},
        {"range x from 1 to 5 step 1 | extend y = 2 * x | scan declare (cumulative_x:long=0, "
         "cumulative_y:long=0) with (step s1: true => cumulative_x = iff(s1.cumulative_x >= 10, x, "
         "x "
         "+ s1.cumulative_x), cumulative_y = iff(s1.cumulative_y >= 10, y, y + s1.cumulative_y);)",
         "x|y|cumulative_x|cumulative_y/1|2|1|2/2|4|3|6/3|6|6|12/4|8|10|8/5|10|5|18"},
        {FILL "sort by Ts asc | scan declare (filled: string='') with (step s1: true => filled = "
              "iff(isempty(Event), s1.filled, Event);) | project Event, filled",
         "Event|filled/A|A/|A/B|B/|B/|B"},
        {SESSIONS
         "scan with_match_id=session_id declare (sessionStart: timespan) with (step "
         "inSession: true => sessionStart = iff(isnull(inSession.sessionStart), Ts, "
         "inSession.sessionStart); step endSession output=none: Ts - inSession.sessionStart "
         "> 30m;) | project Ts, sessionStart, session_id",
         "Ts|sessionStart|session_id/00:00:00|00:00:00|0/00:01:00|00:00:00|0/00:02:00|00:00:00|0/"
         "00:03:00|00:00:00|0/00:32:00|00:32:00|1/00:36:00|00:32:00|1/00:38:00|00:32:00|1/"
         "00:41:00|00:32:00|1/01:15:00|01:15:00|2"},
        {STARTS
         "scan with_match_id=m_id with (step s1: Event == 'Start'; step s2: Event != 'Start' "
         "and Event != 'Stop' and Ts - s1.Ts <= 5m; step s3: Event == 'Stop' and Ts - s1.Ts "
         "<= 5m;)",
         "Ts|Event|m_id/00:01:00|Start|0/00:02:00|B|0/00:03:00|D|0/00:04:00|Stop|0/"
         "00:08:00|Start|1/"
         "00:11:00|E|1/00:12:00|Stop|1"},
        {STARTS
         "scan with_step_name=step with (step s1: Event == 'Start'; step s2: Event == 'Stop';) "
         "| summarize n = count() by step | sort by step asc",
         "step|n/s1|2/s2|2"},
        {LOGS
         "partition hint.strategy=native by user (sort by T asc | scan declare (start: datetime, "
         "end: datetime, d: timespan) with (step s1 output=none: kind == 'login' => start = T; "
         "step s2: kind == 'logout' => start = s1.start, end = T, d = T - s1.start;)) | project "
         "user, d | sort by user asc",
         "user|d/1|04:15:22/2|03:15:17/3|04:14:52"},
        {LOGS
         "sort by T asc | scan partition by user with (step a: kind == 'login'; step b: kind == "
         "'logout' and T - a.T > 4h;) | summarize n = count() by user | sort by user asc",
         "user|n/1|2/2|1/3|2"},
        {"range x from 1 to 3 step 1 | scan with (step a: x == 9;) | count", "Count/0"},
        {"range x from 1 to 3 step 1 | scan with (step a output=last: true;)",
         "1:46: a step of scan that is output=last is not done"},
        {"range x from 1 to 3 step 1 | scan with (step a: true => b = 1;)",
         "1:57: 'b' is not declared by this scan"},
        {"range x from 1 to 3 step 1 | scan with (step a: a.y == 1;)",
         "1:51: there is no column 'y'"},
        {LOGS "partition by user (scan with (step a: true;) | summarize count())",
         "1:309: in a partition with scan stand only operators that treat each row by itself; the "
         "others go behind it"},
    };
    GOLDEN_CHECK(cases);
}

static void reduce_finds_what_texts_have_in_common(void **state)
{
    (void)state;
    static const struct golden cases[] = {
        {"range x from 1 to 10 step 1 | project str = strcat('foo', 'Z', tostring(x)) | reduce by "
         "str",
         "Pattern|Count|Representative/others|10|"},
        {"range x from 1 to 10 step 1 | project str = strcat('foo', 'Z', tostring(x)) | reduce by "
         "str "
         "with characters='Z'",
         "Pattern|Count|Representative/foo*|10|fooZ1"},
        {"datatable(s:string)['San Bernard', 'San Jose', 'Paris', 'Paris', 'Moscow'] | reduce by s "
         "with threshold = 0.3",
         "Pattern|Count|Representative/Paris|2|Paris/San *|2|San Bernard/others|1|"},
        {"datatable(s:string)['user a logged in', 'user b logged in', 'disk full'] | reduce "
         "kind=source by s | project s, Pattern | sort by s asc",
         "s|Pattern/disk full|others/user a logged in|user * logged in/user b logged in|user * "
         "logged in"},
        {"datatable(s:string)[] | reduce by s", "Pattern|Count|Representative"},
        {"datatable(s:string)[] | reduce by s with threshold = 2",
         "1:25: the threshold of reduce is 0 to 1"},
    };
    GOLDEN_CHECK(cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_are_taken_apart),
        cmocka_unit_test(scan_walks_over_rows_with_a_state),
        cmocka_unit_test(reduce_finds_what_texts_have_in_common),
        cmocka_unit_test(fork_and_facet_give_several_results),
    };
    if (!golden_open())
        return 77;
    int status = cmocka_run_group_tests(tests, NULL, NULL);
    golden_close();
    return status;
}
