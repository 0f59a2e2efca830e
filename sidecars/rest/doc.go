// Package rest answers HTTP as Patroni does: health checks for load balancers, documents for people and scripts, requests that
// move the cluster, and metrics for Prometheus. HAProxy configurations, dashboards and scripts made for Patroni work unchanged.
//
// # Reading
//
// Every GET is answered from one [View], a value that the agent keeps: no GET asks postgres, the disk or the network anything, so
// a probe is answered while all of them hang. What may not be as old as the view, the permit and the age of the loop's last tick,
// is in it as a function and asked at the instant of the answer. So /primary stops answering 200 when the permit ends,
// whether or not anybody noticed that it ended.
//
//	/  /primary  /master  /read-write  /leader    postgres is primary, open to clients, and its permit is valid now
//	/standby-leader                               the leader of a standby cluster
//	/replica  ?lag= &replication_state= &tag_K=V  a running replica without noloadbalance
//	/read-only  /read-only-sync  /read-only-quorum  that, or the primary
//	/sync  /quorum  /async                        a replica of this kind
//	/health                                       postgres runs
//	/liveness  /healthz                           the loop ticks, and nothing else
//	/readiness  /readyz  ?lag= &mode=apply|write  the primary, or a replica that streams and is near enough
//	/patroni  /cluster  /history  /config  /failsafe  /metrics
//	/backup                                       the repository as it was last read, and the last runs
//
// A check that is not met is 503. HEAD and OPTIONS answer the status of GET, without a body. What cannot be known, such as the
// lag of a replica while no leader's position is known, is not met when it is asked for. Where Patroni is lenient with what it cannot read
// (a path that contains "primary", a lag of "1 furlong") this package is not: 404 and 503.
//
// # Writing
//
// POST and DELETE need the shared token (Authorization: Bearer TOKEN, or Basic with the token as its password, whatever the user), a
// client certificate that [Auth] accepts, or to come through [Handler.Local]: a unix socket, whose file mode is its lock.
// They are decoded strictly, bounded to 64 KiB, and handed to the [Source] as a [Request]. /config cannot be written: Git can.
//
// Beside Patroni's paths there are POST and DELETE of /pause and /fence, since Patroni pauses through /config, and of /backup: POST begins a
// backup (202 with its run, 409 with the one that is under way), and of /restore (202: a restore in place has begun). GET /backup is the one GET that may ask another member, the leader.
package rest
