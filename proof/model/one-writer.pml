/*
 * Two nodes, the NFS server that lends them the lease, and what may go wrong: the protocol of guard/ for spin, which
 * tries every order of events. test/model runs it; docs/one-writer.md tells what comes out.
 *
 * What must hold (the assertions below):
 *   I1  never two containers that run. Where machines may stand still (PAUSE) and no fence agent is there (AGENT): for
 *       at most OVERLAP ticks, and one of the two has lost its locks, so that the server refuses its writes
 *   I3  epochs grow with each owner
 *
 * What may be defined:
 *   FAULTS=n   how many faults a run may have; mending is free, and happens at any time or never. Default 2
 *   PAUSE      a fault may also be that a machine stands still with its clock, and goes on later
 *   AGENT      the successor does not wait for the last owner, but has its machine turned off, and sees that it is
 *   V3         NFSv3: no lock and no lease. Who wants to be owner writes a claim, and is owner if it stands long enough
 * and what takes a protection away:
 *   NO_SAFE_TIME       who gets the lease does not wait for its last owner
 *   NO_RELEASE_RECORD  a lease that is free is taken for one that was released in order
 *   NO_GIVE_UP         an owner without heartbeat goes on
 *   NO_WATCHDOG        nobody kills a guard that hangs
 *   FED_ALWAYS         the watchdog is fed in each round of the guard, also without a heartbeat
 *   NO_EPOCH_CHECK     an owner does not look for another one's epoch, nor, with V3, for another's claim
 *
 * Time goes in ticks of two seconds, for all at once; within a tick things happen in any order. A guard takes at least
 * one step a tick unless it is dead, hangs, or its machine stands still. There is no keepalived: the VIP is a hint,
 * so in every step a node may find itself with the VIP or without it, and two may have it.
 */

#ifndef FAULTS
#define FAULTS 2
#endif

/* In ticks, with the order and about the ratios of the settings of the same names. */
#define GIVE_UP    3
#define WATCHDOG   5 /* an owner is certain to be silent; its guard is killed a tick after GIVE_UP, for that to be true */
#define LEASE_TIME 7
#define STOP_LIMIT 1 /* for so long stop-container tries before it resets the node */
#define OVERLAP    2 /* after a pause: until the guard looks, and until stop-container is done */

/* Nobody becomes owner after so many. */
#ifndef OWNERS
#define OWNERS 3
#endif

#define NOBODY 2
#define ENOUGH 8 /* counters stop here: no timer is longer */

/* DEAD: the guard was killed, and systemd runs stop-container. OFF: the machine is. The others: guard/guard. */
mtype = { STANDBY, ACQUIRE, WAIT, TAKE, PREPARE, ACTIVE, LEAVE, HARD, DEAD, OFF };

typedef Node {
  mtype guard = STANDBY;
  bool due;      /* the guard has not taken its step of this tick */
  bool hung;     /* the guard does nothing */
  bool paused;   /* the whole machine does nothing, and its clock stands */
  bool cut;      /* there is no way to the NFS server */
  bool asked;    /* Docker has a request to start the container, and has not carried it out */
  bool runs;     /* the container does */
  bool stale;    /* since that request the server took this node's locks away: it answers with EIO */
  bool claims;   /* V3: a claim is on its way to the server */
  bool news;     /* the records have changed since this guard looked */
  byte epoch;    /* while owner: its own */
  byte seen;     /* ticks since it saw the records change */
  byte beaten;   /* while owner: ticks since the last heartbeat that the server took */
  byte fed;      /* ticks since the watchdog was fed */
  byte stopping; /* ticks since stop-container began */
  byte silent;   /* the server's count: ticks since it heard of this client. V3: since the claim stands */
}
Node node[2];

/* The server, and the files in the lease directory. */
bool server_down;
byte lock_of = NOBODY; /* V3: whose claim stands */
bool taken_away;       /* the server took the lock away from a silent client, and nobody has had it since */
byte epoch_file;
byte record_of = NOBODY;
byte record_epoch;
bool record_released = true;

byte faults = FAULTS;
byte together; /* ticks for which two containers have been running */

/* In what follows n is a node's number. */
#define me   node[n]
#define peer node[1 - n]

#define up         (me.guard != OFF && !me.paused)
#define reaches    (up && !me.cut && !server_down)
#define acts       (up && !me.hung && me.guard != DEAD)
#define owner      (me.guard == TAKE || me.guard == PREPARE || me.guard == ACTIVE || me.guard == LEAVE)
#define has_lock   (owner || me.guard == WAIT)
#define leftovers  (me.runs || me.asked)
/* For whoever reads a run again: `spin -t`. */
#define says(text) printf("%c ", 65 + n); printf(text)
#define count(c)   c = (c < ENOUGH -> c + 1 : c)

/* ---- parts of rules ---- */

inline become(n, state) {
  me.guard = state;
  me.stopping = 0;
  if
  :: !owner -> me.epoch = 0; me.beaten = 0
  :: else
  fi
}

/* At the end of each step of a guard. */
inline done(n) {
  me.due = false;
#ifdef FED_ALWAYS
  me.fed = 0;
#else
  if
  :: !owner -> me.fed = 0
  :: else
  fi;
#endif
  check_one_writer()
}

inline look(n) {
  if
  :: reaches && me.news -> me.news = false; me.seen = 0
  :: else
  fi
}

inline write_record(n, released) {
  record_of = n;
  record_epoch = me.epoch;
  record_released = released;
  me.news = false;
  peer.news = true;
  me.seen = 0
}

inline no_container(n) {
  me.runs = false;
  me.asked = false;
  me.stale = false
}

inline turn_off(n) {
  no_container(n);
  become(n, OFF);
  me.hung = false;
  me.paused = false;
  me.claims = false;
  me.due = false;
  me.seen = 0;
  me.fed = 0
}

/* What this node has locked is lost: its next write there fails. */
inline lose_locks(n) {
  if
  :: lock_of == n -> printf("S takes the lock from %c, which was silent for too long\n", 65 + n); lock_of = NOBODY; taken_away = true
  :: else
  fi;
  me.stale = leftovers
}

#define two_run (node[0].runs && !node[0].paused && node[1].runs && !node[1].paused)

inline check_one_writer() {
#if defined(PAUSE) && !defined(AGENT)
  assert(!two_run || (together <= OVERLAP && (node[0].stale || node[1].stale))) /* I1 */
#else
  assert(!two_run) /* I1 */
#endif
}

/* ---- the guard ---- */

/* Whether the last owner's container may still run. Its own cannot: leftovers are cleared before ACQUIRE. */
#define last_owner_may_write (!record_released && (record_of != n || record_epoch < epoch_file))

/* Whether the guard may go on without waiting for the last owner. */
#if defined(NO_SAFE_TIME)
#define may_prepare true
#elif defined(NO_RELEASE_RECORD)
#define may_prepare (!last_owner_may_write || !taken_away || me.seen > WATCHDOG)
#elif defined(AGENT)
#define may_prepare (!last_owner_may_write)
#else
#define may_prepare (!last_owner_may_write || me.seen > WATCHDOG)
#endif

inline to_prepare(n) {
  assert(!leftovers);
  become(n, TAKE);
  me.epoch = (record_epoch > epoch_file -> record_epoch : epoch_file) + 1;
  taken_away = false
}

/* Nothing new from the server, and perhaps no answer at all: the owner goes on until GIVE_UP. */
#ifdef NO_GIVE_UP
#define gives_up false
#else
#define gives_up (me.beaten >= GIVE_UP)
#endif

#ifdef NO_EPOCH_CHECK
#define foreign_epoch false
#else
#define foreign_epoch (me.guard != TAKE && epoch_file != me.epoch)
#endif

/* The server refuses a write with a lock that is no more. With NFSv3 it does not: the owner has to look. */
#if defined(V3) && defined(NO_EPOCH_CHECK)
#define still_mine true
#else
#define still_mine (lock_of == n)
#endif

inline heartbeat(n) {
  write_record(n, false);
  me.beaten = 0;
  me.fed = 0
}

inline guard_step(n) {
  if
  :: d_step { acts && me.guard == STANDBY && leftovers && me.stopping < STOP_LIMIT -> done(n) } /* Docker is slow */
  :: d_step { acts && me.guard == STANDBY && leftovers ->
       says("clears what is left of a container\n"); no_container(n); me.stopping = 0; done(n) }
  :: d_step { acts && me.guard == STANDBY && !leftovers -> look(n); done(n) }
  :: d_step { acts && me.guard == STANDBY && !leftovers ->
       says("has the VIP: ACQUIRE\n"); look(n); become(n, ACQUIRE); done(n) }

  :: d_step { acts && (me.guard == ACQUIRE || me.guard == WAIT) ->
       says("has lost the VIP, or gives it back: STANDBY\n"); look(n); become(n, STANDBY); me.claims = false; done(n) }
  :: d_step { acts && (me.guard == ACQUIRE || me.guard == WAIT) -> look(n); done(n) } /* not yet */
#ifdef V3
  /* Nothing has changed for long enough, or the last owner is gone: claim it. */
  :: d_step { acts && me.guard == ACQUIRE && lock_of != n && !me.claims && (me.seen > WATCHDOG || record_released) ->
       says("sends a claim\n"); me.claims = true; done(n) }
  :: d_step { reaches && acts && me.guard == ACQUIRE && lock_of == n && !me.claims && me.silent > WATCHDOG ->
       says("finds its claim untouched: WAIT\n"); look(n); become(n, WAIT); done(n) }
#else
  :: d_step { reaches && acts && me.guard == ACQUIRE && lock_of == NOBODY ->
       says("gets the lock: WAIT\n"); look(n); lock_of = n; become(n, WAIT); done(n) }
#endif
  :: d_step { acts && me.guard == WAIT && may_prepare && epoch_file < OWNERS ->
       says("need not wait any longer: PREPARE\n"); to_prepare(n); done(n) }
#ifdef AGENT
  :: d_step { acts && me.guard == WAIT && last_owner_may_write && epoch_file < OWNERS ->
       says("has the other machine turned off: PREPARE\n"); turn_off((1 - n)); to_prepare(n); done(n) }
#endif

  :: d_step { acts && owner && gives_up -> says("has had no heartbeat for too long: stops hard\n"); become(n, HARD); done(n) }
  :: d_step { acts && owner && reaches && !still_mine ->
       says("sees that it lost the lease: stops hard\n"); become(n, HARD); done(n) }
  :: d_step { acts && owner && reaches && still_mine && foreign_epoch ->
       says("finds another epoch: stops hard\n"); become(n, HARD); done(n) }
  :: d_step { acts && owner && !gives_up && !reaches -> done(n) }
  :: d_step { acts && me.guard == TAKE && !gives_up && reaches && still_mine ->
       assert(me.epoch > epoch_file); /* I3 */
       says(""); printf("writes epoch %d\n", me.epoch); heartbeat(n); epoch_file = me.epoch; become(n, PREPARE); done(n) }
  :: d_step { acts && owner && me.guard != TAKE && !gives_up && reaches && still_mine && !foreign_epoch ->
       says("writes a heartbeat\n"); heartbeat(n); done(n) }
  /* What follows comes beside the heartbeat of its round, and upon the last answer, which may be old. */
  :: d_step { acts && me.guard == PREPARE && !gives_up ->
       says("asks Docker to start the container: ACTIVE\n"); me.asked = true; me.stale = (lock_of != n); become(n, ACTIVE) }
  :: d_step { acts && (me.guard == PREPARE || me.guard == ACTIVE) && !gives_up ->
       says("has lost the VIP: STOPPING\n"); become(n, LEAVE) }
  :: d_step { acts && me.guard == LEAVE && me.runs && !gives_up ->
       says("stops the container in order\n"); me.runs = false; me.stale = false }
  :: d_step { acts && me.guard == LEAVE && !leftovers && !gives_up && reaches && still_mine ->
       says("releases the lease: STANDBY\n"); write_record(n, true); become(n, STANDBY); done(n) }

  :: d_step { acts && me.guard == HARD && me.stopping < STOP_LIMIT -> done(n) }
  :: d_step { acts && me.guard == HARD -> says("kills its container: STANDBY\n"); no_container(n); become(n, STANDBY); done(n) }
  fi
}

/* ---- what happens by itself ---- */

inline event(n) {
  if
  :: d_step { up && me.asked -> says("starts the container (Docker)\n"); me.asked = false; me.runs = true; check_one_writer() } /* Docker starts it */
  :: d_step { up && me.guard == DEAD -> says("kills the container (systemd), and has a new guard\n"); no_container(n); become(n, STANDBY); me.due = true;
       me.news = true; me.seen = 0 }
#ifdef V3
  :: d_step { reaches && me.claims ->
       says("has its claim written\n"); me.claims = false; lock_of = n; me.silent = 0; me.news = false; peer.news = true; check_one_writer() }
#else
  /* The lease process has ended, and the server hears of it. */
  :: d_step { reaches && lock_of == n && !has_lock -> says("tells the server that it has let go of the lock\n"); lock_of = NOBODY }
#endif
  fi
}

inline fault(n) {
  if
  :: d_step { faults > 0 && up && me.guard != DEAD ->
       says("FAULT: its guard is killed\n"); faults--; me.hung = false; become(n, DEAD); me.fed = 0 }
  :: d_step { faults > 0 && acts -> says("FAULT: its guard hangs\n"); faults--; me.hung = true }
  :: d_step { faults > 0 && me.guard != OFF -> says("FAULT: power failure\n"); faults--; turn_off(n) }
  :: d_step { faults > 0 && !me.cut -> says("FAULT: is cut off from the NFS server\n"); faults--; me.cut = true }
  :: d_step { faults > 0 && n == 0 && !server_down -> printf("S FAULT: the NFS server is down\n"); faults--; server_down = true }
#ifdef PAUSE
  :: d_step { faults > 0 && up -> says("FAULT: its machine is paused\n"); faults--; me.paused = true }
#endif
  fi
}

inline mending(n) {
  if
  :: d_step { me.guard == OFF -> says("boots\n"); become(n, STANDBY); me.due = true; me.news = true }
  :: d_step { me.hung -> says("goes on: its guard does not hang any more\n"); me.hung = false; check_one_writer() }
  :: d_step { me.cut -> says("reaches the NFS server again\n"); me.cut = false }
  :: d_step { me.paused -> says("goes on: its machine is not paused any more\n"); me.paused = false; check_one_writer() }
  /* Clients reclaim their locks in the grace period, which is no shorter than the lease: that begins anew. */
  :: d_step { n == 0 && server_down -> printf("S the NFS server is back\n"); server_down = false; node[0].silent = 0; node[1].silent = 0 }
  fi
}

/* ---- time ---- */

inline tick_of(n) {
  if
  :: up ->
    me.due = true;
    if
    :: !record_released && record_of != n && !owner -> count(me.seen)
    :: else -> me.seen = 0
    fi;
    if
    :: owner -> count(me.beaten)
    :: else
    fi;
    if
    :: me.guard == DEAD || me.guard == HARD || (me.guard == STANDBY && leftovers) ->
      if
      :: me.stopping >= STOP_LIMIT -> says("cannot kill its container in time: resets itself\n"); turn_off(n)
      :: else -> me.stopping++
      fi
    :: else ->
      count(me.fed);
#ifdef NO_WATCHDOG
      me.fed = 0
#else
      if
      :: me.fed > GIVE_UP -> says("systemd kills the guard, which hangs, and runs stop-container\n"); me.hung = false; me.fed = 0; become(n, DEAD)
      :: else
      fi
#endif
    fi
  :: else
  fi;
#ifdef V3
  if
  :: lock_of == n && me.guard == ACQUIRE -> count(me.silent)
  :: else -> me.silent = 0
  fi
#else
  if
  :: reaches || (lock_of != n && !leftovers) -> me.silent = 0 /* the kernel renews the lease by itself */
  :: !reaches && !server_down && (lock_of == n || leftovers) ->
    count(me.silent);
    if
    :: me.silent >= LEASE_TIME -> lose_locks(n)
    :: else
    fi
  :: else
  fi
#endif
}

/* All guards that act have had their step. */
#define waits_for(x) (x.guard != OFF && !x.paused && !x.hung && x.guard != DEAD && x.due)

active proctype world() {
  do
  :: guard_step(0)
  :: guard_step(1)
  :: event(0)
  :: event(1)
  :: fault(0)
  :: fault(1)
  :: mending(0)
  :: mending(1)
  :: d_step { !waits_for(node[0]) && !waits_for(node[1]) ->
       printf("-\n");
       tick_of(0);
       tick_of(1);
       together = (two_run -> together + 1 : 0) }
  od
}
