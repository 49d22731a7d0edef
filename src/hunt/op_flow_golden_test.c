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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_are_taken_apart),
    };
    if (!golden_open())
        return 77;
    int status = cmocka_run_group_tests(tests, NULL, NULL);
    golden_close();
    return status;
}
