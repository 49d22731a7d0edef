/* Figures of the syslog doors. */
#include "api/syslog.h"
#include "base/metric.h"

void syslog_door_metrics(void *context, struct buf *out)
{
    struct syslog_stats stats;
    syslog_door_stats(context, &stats);
    metric_one(out, "jaga_syslog_connections", "gauge", "Connections that are open.",
               stats.connections);
    metric_one(out, "jaga_syslog_accepted_total", "counter", "Connections that came.",
               stats.accepted);
    metric_one(out, "jaga_syslog_refused_unknown_total", "counter",
               "Connections and datagrams of senders that are not known.", stats.refused_unknown);
    metric_one(out, "jaga_syslog_refused_limit_total", "counter", "Connections past a limit.",
               stats.refused_limit);
    metric_one(out, "jaga_syslog_handshake_failed_total", "counter",
               "Connections that were no TLS, too slow, or not to our liking.",
               stats.handshake_failed);
    metric_one(out, "jaga_syslog_timed_out_total", "counter",
               "Connections that were silent, or whose message did not end.", stats.timed_out);
    metric_one(out, "jaga_syslog_messages_total", "counter", "Messages framed.", stats.messages);
    metric_one(out, "jaga_syslog_bytes_total", "counter", "Bytes of messages framed.", stats.bytes);
    metric_one(out, "jaga_syslog_rejected_total", "counter",
               "Messages that were cut off or too long.", stats.rejected);
    metric_one(out, "jaga_syslog_datagrams_lost_total", "counter",
               "Datagrams that found the kernel's buffer full.", stats.datagrams_lost);
    metric_one(out, "jaga_syslog_stalls_total", "counter",
               "How often the spool could take no more.", stats.stalls);
    metric_one(out, "jaga_syslog_partial_bytes", "gauge", "Bytes of half messages.", stats.partial);
}
