/* Figures of the syslog doors. */
#include "api/metrics.h"
#include "api/syslog.h"

void syslog_door_metrics(void *context, struct buf *out)
{
    struct syslog_stats stats;
    syslog_door_stats(context, &stats);
    metrics_one(out, "jaga_syslog_connections", "gauge", "Connections that are open.",
                stats.connections);
    metrics_one(out, "jaga_syslog_accepted_total", "counter", "Connections that came.",
                stats.accepted);
    metrics_one(out, "jaga_syslog_refused_unknown_total", "counter",
                "Connections and datagrams of senders that are not known.", stats.refused_unknown);
    metrics_one(out, "jaga_syslog_refused_limit_total", "counter", "Connections past a limit.",
                stats.refused_limit);
    metrics_one(out, "jaga_syslog_handshake_failed_total", "counter",
                "Connections that were no TLS, too slow, or not to our liking.",
                stats.handshake_failed);
    metrics_one(out, "jaga_syslog_timed_out_total", "counter",
                "Connections that were silent, or whose message did not end.", stats.timed_out);
    metrics_one(out, "jaga_syslog_messages_total", "counter", "Messages framed.", stats.messages);
    metrics_one(out, "jaga_syslog_bytes_total", "counter", "Bytes of messages framed.",
                stats.bytes);
    metrics_one(out, "jaga_syslog_rejected_total", "counter",
                "Messages that were cut off or too long.", stats.rejected);
    metrics_one(out, "jaga_syslog_datagrams_lost_total", "counter",
                "Datagrams that found the kernel's buffer full.", stats.datagrams_lost);
    metrics_one(out, "jaga_syslog_stalls_total", "counter",
                "How often the spool could take no more.", stats.stalls);
    metrics_one(out, "jaga_syslog_partial_bytes", "gauge", "Bytes of half messages.",
                stats.partial);
}
