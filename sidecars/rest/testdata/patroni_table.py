# Prints testdata/patroni-3.0.2.txt: what the request handler of Debian's patroni 3.0.2 answers in the states of paths.txt that it knows.
#
#	python3 patroni_table.py DIST-PACKAGES-OF-PATRONI PATH... > patroni-3.0.2.txt
import sys
sys.path.insert(0, sys.argv[1])
from unittest.mock import Mock
import datetime, time, threading, socket
from patroni.api import RestApiHandler
import patroni.api as api
from http.server import HTTPServer
LSN=67395656
def make(role, state, leader, received=LSN, replayed=LSN, last_lsn=LSN, sync=False, paused=False, tags=None, nolb=False, next_run=1, initialized=True):
    pg=Mock(); pg.state=state; pg.role=role; pg.name='shop-1'; pg.sysid='7268616322854375442' if initialized else ''
    pg.pending_restart=False; pg.scope='shop'; pg.server_version=150018; pg.is_running=lambda: state=='running'
    pg.POSTMASTER_START_TIME='x'; pg.TL_LSN='x'; pg.wal_name='wal'; pg.lsn_name='lsn'; pg.replica_cached_timeline=lambda x: 5
    cluster=Mock(); cluster.last_lsn=last_lsn; cluster.is_unlocked=lambda: False; cluster.is_synchronous_mode=lambda: sync
    cluster.sync.members=['shop-1'] if sync else []; cluster.members=[]; cluster.leader.name='shop-0'; cluster.config.data={'ttl':8}; cluster.config.modify_index=1
    cluster.history.lines=[[1,2,'x','y']]; cluster.failover=None; cluster.is_paused=lambda: paused; cluster.config.data={'ttl':8}
    p=Mock(); p.postgresql=pg; p.dcs.cluster=cluster if initialized else None; p.dcs.get_cluster=lambda *a: cluster; p.dcs.ttl=30; p.dcs.last_seen=1; p.dcs.failsafe={'shop-1':'x'}
    p.ha.is_leader=lambda: leader; p.ha.is_paused=lambda: paused; p.ha.is_standby_cluster=lambda: False; p.ha.failsafe_is_active=lambda: False
    p.ha.get_effective_tags=lambda: dict(tags or {}); p.tags=dict(tags or {}); p.noloadbalance=nolb; p.scheduled_restart=None; p.version='3.0.2'
    p.next_run=time.time()+next_run; p.ha.watchdog.is_healthy=True; p.logger.queue_size=0; p.logger.NORMAL_LOG_QUEUE_SIZE=2
    row=[datetime.datetime.now(datetime.timezone.utc), 5 if role in('master','primary') else 0, LSN, replayed, received, False, None, None]
    return p,row
T={'zone':'a'}
states=[
 ('primary', make('primary','running',True)),
 ('no-permit', make('primary','running',False)),
 ('promoting', make('replica','running',True,tags=T)),
 ('streaming', make('replica','running',False,tags=T)),
 ('lagging', make('replica','running',False,replayed=LSN-(10<<20),tags=T)),
 ('lag-unknown', make('replica','running',False,last_lsn=0,tags=T)),
 ('sync', make('replica','running',False,sync=True,tags=T)),
 ('stopped', make('primary','stopped',True)),
 ('starting', make('replica','starting',False,tags=T)),
 ('paused', make('primary','running',True,paused=True)),
 ('stuck', make('primary','running',True,next_run=-60)),
 ('nofailover', make('replica','running',False,tags=dict(T,nofailover=True))),
 ('noloadbal', make('replica','running',False,tags=dict(T,noloadbalance=True),nolb=True)),
]
paths=sys.argv[2:]
class H(RestApiHandler):
    def query(self, sql, *params, **kw):
        if self.server.patroni.postgresql.state!='running': raise api.RetryFailedError('')
        return [self.server.row]
    def log_message(self,*a): pass
print('%-40s'%''+''.join(' %11s'%n for n,_ in states))
out={}
for n,(p,row) in states:
    s=HTTPServer(('127.0.0.1',0),H); s.patroni=p; s.row=row; s.http_extra_headers={}
    threading.Thread(target=s.serve_forever,daemon=True).start()
    for path in paths:
        k=socket.create_connection(s.server_address); k.sendall(('GET %s HTTP/1.0\r\n\r\n'%path).encode()); d=b''
        while True:
            b=k.recv(4096)
            if not b: break
            d+=b
        out[(path,n)]=d.split(b' ')[1].decode() if d else 'none'
    s.shutdown()
for path in paths:
    print('%-40s'%path+''.join(' %11s'%out[(path,n)] for n,_ in states))
