/*
 * Two or three nodes, the NFS server that lends them the lease, and what may go wrong: the protocol of node/agent for
 * spin, which tries every order of events. test/model runs it; docs/model.md tells what comes out.
 *
 * What must hold (the assertions below):
 *   I1  never two containers that run. Where machines may stand still (PAUSE) and no fence agent is there (FENCE): for
 *       at most OVERLAP ticks, and one of the two has lost its locks, so that the server refuses its writes
 *   I3  epochs grow with each owner
 *
 * What may be defined:
 *   NODES=n    2 or 3. Default 2
 *   FAULTS=n   how many faults a run may have; mending is free, and happens at any time or never. Default 2
 *   OWNERS=n   nobody becomes owner after so many. Default 3
 *   PAUSE      a fault may also be that a machine stands still with its clock, and goes on later
 *   STUCK      a fault may also be that what is killed hangs in the kernel: no stop has any effect
 *   FENCE      the successor also has the last owner's machine turned off, and sees that it is
 *   V3         NFSv3: no lock and no lease. Who wants to be owner writes a claim, and is owner if it stands long enough
 * and what takes a protection away:
 *   NO_SAFE_TIME       who gets the lease does not wait for its last owner
 *   NO_RELEASE_RECORD  a lease that is free is taken for one that was released in order
 *   NO_GIVE_UP         an owner without heartbeat goes on
 *   NO_DEADMAN         the lease process ends nothing
 *   NO_RESET           neither agent nor lease process resets a node that they cannot make certain of
 *   NO_WATCHDOG        there is no watchdog device
 *   FED_ALWAYS         the watchdog device is fed in each step of the agent, also without a confirmed heartbeat
 *   STOP_BELIEVED      a stop or a kill counts as done, whatever became of it
 *   START_FORGOTTEN    a start that Docker may still carry out is not waited for
 *   CLEAN_EARLY        a node that kills notes at once that it has cleaned up
 *   NO_EPOCH_CHECK     an owner does not look for another one's epoch, nor, with V3, for another's claim
 *
 * Time goes in ticks of two seconds, for all at once; within a tick things happen in any order. An agent takes at least
 * one step a tick unless it hangs, or its machine stands still. An agent that was killed is one that hangs, until another
 * one takes over. There is no keepalived: the VIP is a hint, so in every step a node may find itself with the VIP or
 * without it, and several may have it.
 */

#ifndef NODES
#define NODES 2
#endif
#ifndef FAULTS
#define FAULTS 2
#endif
#ifndef OWNERS
#define OWNERS 3
#endif

/* In ticks, with the order and about the ratios of the settings of the same names. */
#define GIVE_UP    3
#define WATCHDOG   5 /* an owner is certain to be silent by then */
#define LEASE_TIME 7
#define OVERLAP    2 /* after a pause: until the agent looks, and until what it kills is gone */

#define NOBODY NODES
#define ENOUGH 8 /* counters stop here: no timer is longer */

/* OFF: the machine is. The others: node/agent/core/state.py; STARTING stands for all between epoch and container. */
mtype = { STANDBY, CONTENDING, WAITING, TAKING, STARTING, ACTIVE, STOPPING, KILLING, OFF };

typedef Node {
  mtype agent = STANDBY;
  bool due;      /* the agent has not taken its step of this tick */
  bool hung;     /* the agent does nothing: it hangs, or was killed */
  bool holds;    /* the lease process has the lock, as far as it knows */
  bool lonely;   /* the lease process that watched over the container was killed, and no agent has told the next one of it */
  bool paused;   /* the whole machine does nothing, and its clock stands */
  bool cut;      /* there is no way to the NFS server */
  bool stuck;    /* what is killed here hangs in the kernel */
  bool asked;    /* Docker has a request to start the container, and has not carried it out */
  bool runs;     /* the container does */
  bool stale;    /* since that request the server took this node's locks away: it answers with EIO */
  bool fresh;    /* while STARTING: a heartbeat was confirmed since */
  bool claims;   /* V3: a claim is on its way to the server */
  bool news;     /* the records have changed since this agent looked */
  byte epoch;    /* of its tenure, until nothing of that can write any more; 0: none */
  byte left;     /* of the tenure that ended hard and is not noted clean; 0: none */
  byte seen;     /* ticks since it saw the records change */
  byte beaten;   /* in its tenure: ticks since the last heartbeat that the server confirmed */
  byte fed;      /* in its tenure: ticks since the watchdog device was fed */
  byte silent;   /* the server's count: ticks since it heard of this client. V3: since the claim stands */
}
Node node[NODES];

/* The server, and the files in the lease directory. */
bool server_down;
byte lock_of = NOBODY; /* V3: whose claim stands */
bool taken_away;       /* the server took the lock away from a silent client, and nobody has had it since */
byte epoch_file;
byte record_of = NOBODY;
byte record_epoch;
bool record_released = true;
bool record_clean;     /* its owner has noted, in a file of its own, that it has cleaned up */

byte faults = FAULTS;
byte together; /* ticks for which two containers have been running */

/* In what follows n is a node's number. */
#define me node[n]

#define up         (me.agent != OFF && !me.paused)
#define reaches    (up && !me.cut && !server_down)
#define acts       (up && !me.hung)
#define owner      (me.agent == TAKING || me.agent == STARTING || me.agent == ACTIVE || me.agent == STOPPING)
#define leftovers  (me.runs || me.asked)
/* For whoever reads a run again: `spin -t`. */
#define says(text) printf("%c ", 65 + n); printf(text)
#define count(c)   c = (c < ENOUGH -> c + 1 : c)

#define alive(x) (node[x].runs && !node[x].paused)
#if NODES > 2
#define how_many_run (alive(0) + alive(1) + alive(2))
#define who_is_stale (node[0].stale + node[1].stale + node[2].stale)
#else
#define how_many_run (alive(0) + alive(1))
#define who_is_stale (node[0].stale + node[1].stale)
#endif

/* ---- parts of rules ---- */

inline check_one_writer() {
#if defined(PAUSE) && !defined(FENCE)
  assert(how_many_run < 2 || (how_many_run == 2 && together <= OVERLAP && who_is_stale > 0)) /* I1 */
#else
  assert(how_many_run < 2) /* I1 */
#endif
}

/* At the end of each step of an agent. */
inline done(n) {
  me.due = false;
  me.lonely = false;
#ifdef FED_ALWAYS
  me.fed = 0;
#endif
  check_one_writer()
}

inline look(n) {
  if
  :: reaches && me.news -> me.news = false; me.seen = 0
  :: else
  fi
}

inline tell_all(n) {
  node[0].news = true;
  node[1].news = true;
#if NODES > 2
  node[2].news = true;
#endif
  me.news = false
}

inline write_record(n, released) {
  record_of = n;
  record_epoch = me.epoch;
  record_released = released;
  record_clean = false;
  tell_all(n);
  me.seen = 0
}

inline to_standby(n) {
  me.agent = STANDBY;
  me.holds = false;
  me.claims = false;
  me.epoch = 0;
  me.beaten = 0;
  me.fed = 0;
  me.fresh = false
}

inline no_container(n) {
  me.runs = false;
  me.stale = me.asked && me.stale
}

inline turn_off(n) {
  me.asked = false;
  no_container(n);
  to_standby(n);
  me.agent = OFF;
  me.left = 0;
  me.hung = false;
  me.lonely = false;
  me.paused = false;
  me.stuck = false;
  me.due = false;
  me.seen = 0
}

/* What this node has locked is lost: its next write there fails. */
inline lose_locks(n) {
  if
  :: lock_of == n -> printf("S takes the lock from %c, which was silent for too long\n", 65 + n); lock_of = NOBODY; taken_away = true
  :: else
  fi;
  me.stale = leftovers
}

/* ---- the agent ---- */

/* Whether the last owner's container may still run. Its own cannot: it is gone for certain before STANDBY. */
#define last_owner_may_write (!record_released && !record_clean && (record_of != n || record_epoch < epoch_file))

/* Whether the agent may go on without having the last owner's machine turned off. */
#if defined(NO_SAFE_TIME)
#define may_take true
#elif defined(NO_RELEASE_RECORD)
#define may_take (!last_owner_may_write || !taken_away || me.seen > WATCHDOG)
#elif defined(FENCE)
#define may_take (!last_owner_may_write)
#else
#define may_take (!last_owner_may_write || me.seen > WATCHDOG)
#endif

inline to_taking(n) {
#if !defined(STOP_BELIEVED) && !defined(START_FORGOTTEN) && !defined(CLEAN_EARLY)
  assert(!leftovers);
#endif
  me.agent = TAKING;
  me.epoch = (record_epoch > epoch_file -> record_epoch : epoch_file) + 1;
  me.left = 0;
  me.beaten = 0;
  me.fed = 0;
  taken_away = false
}

#ifdef NO_GIVE_UP
#define gives_up false
#else
#define gives_up (me.beaten >= GIVE_UP)
#endif

#ifdef NO_EPOCH_CHECK
#define foreign_epoch false
#else
#define foreign_epoch (me.agent != TAKING && epoch_file != me.epoch)
#endif

/* The server refuses a write with a lock that is no more. With NFSv3 it does not: the owner has to look. */
#if defined(V3) && defined(NO_EPOCH_CHECK)
#define still_mine true
#else
#define still_mine (lock_of == n)
#endif

#ifdef STOP_BELIEVED
#define no_stop_works false
#define gone (!me.asked && (!me.runs || me.stuck))
#else
#define no_stop_works (me.runs && me.stuck)
#ifdef START_FORGOTTEN
#define gone (!me.runs)
#else
#define gone (!leftovers)
#endif
#endif

inline heartbeat(n) {
  write_record(n, false);
  me.beaten = 0;
  me.fed = 0;
  me.fresh = true
}

/* Everything that can be ended is. */
inline stop_container(n) {
  if
  :: !me.stuck -> no_container(n)
  :: else
  fi
}

/* Not the end of its step: it kills in the same round. */
inline to_killing(n) {
  me.agent = KILLING;
  me.fresh = false;
#ifdef CLEAN_EARLY
  if
  :: record_of == n && record_epoch == me.epoch -> record_clean = true; tell_all(n)
  :: else
  fi;
#endif
  check_one_writer()
}

inline agent_step(n) {
  if
  :: d_step { acts && me.agent == STANDBY -> look(n); done(n) }
  :: d_step { acts && me.agent == STANDBY && me.left && reaches ->
       says("notes that it has cleaned up\n");
       if
       :: record_of == n && record_epoch == me.left -> record_clean = true; tell_all(n)
       :: else
       fi;
       me.left = 0; done(n) }
  :: d_step { acts && me.agent == STANDBY -> says("has the VIP: CONTENDING\n"); look(n); me.agent = CONTENDING; done(n) }

  :: d_step { acts && (me.agent == CONTENDING || me.agent == WAITING) ->
       says("has lost the VIP, or gives it back: STANDBY\n"); look(n); to_standby(n); done(n) }
  :: d_step { acts && (me.agent == CONTENDING || me.agent == WAITING) -> look(n); done(n) } /* not yet */
#ifdef V3
  /* Nothing has changed for long enough, or the last owner is gone: claim it. */
  :: d_step { acts && me.agent == CONTENDING && lock_of != n && !me.claims && (me.seen > WATCHDOG || record_released) ->
       says("sends a claim\n"); me.claims = true; done(n) }
  :: d_step { reaches && acts && me.agent == CONTENDING && lock_of == n && !me.claims && me.silent > WATCHDOG ->
       says("finds its claim untouched: WAITING\n"); look(n); me.holds = true; me.agent = WAITING; done(n) }
#else
  :: d_step { reaches && acts && me.agent == CONTENDING && lock_of == NOBODY ->
       says("gets the lock: WAITING\n"); look(n); lock_of = n; me.holds = true; me.agent = WAITING; done(n) }
#endif
  :: d_step { acts && me.agent == WAITING && !me.holds -> says("has lost the lock: STANDBY\n"); to_standby(n); done(n) }
  :: d_step { acts && me.agent == WAITING && me.holds && may_take && epoch_file < OWNERS ->
       says("need not wait any longer: TAKING\n"); to_taking(n); done(n) }
#ifdef FENCE
  :: d_step { acts && me.agent == WAITING && me.holds && last_owner_may_write && me.seen > WATCHDOG && record_of != n && epoch_file < OWNERS ->
       says("has the last owner's machine turned off: TAKING\n"); turn_off(record_of); to_taking(n); done(n) }
#endif

  :: d_step { acts && owner && gives_up -> says("has had no heartbeat for too long: KILLING\n"); to_killing(n) }
  :: d_step { acts && owner && !me.holds -> says("has lost its lease process: KILLING\n"); to_killing(n) }
  :: d_step { acts && owner && me.holds && reaches && !still_mine ->
       says("sees that it lost the lease: KILLING\n"); me.holds = false; to_killing(n) }
  :: d_step { acts && owner && me.holds && reaches && still_mine && foreign_epoch ->
       says("finds another epoch: KILLING\n"); to_killing(n) }
  :: d_step { acts && owner && me.holds && !gives_up && !reaches -> done(n) }
  :: d_step { acts && me.agent == TAKING && me.holds && !gives_up && reaches && still_mine ->
       assert(me.epoch > epoch_file); /* I3 */
       says(""); printf("writes epoch %d\n", me.epoch); heartbeat(n); epoch_file = me.epoch; me.agent = STARTING; me.fresh = false; done(n) }
  :: d_step { acts && owner && me.agent != TAKING && me.holds && !gives_up && reaches && still_mine && !foreign_epoch ->
       says("writes a heartbeat\n"); heartbeat(n); done(n) }
  /* What follows comes beside the heartbeat of its round, and upon the last answer, which may be old. */
  :: d_step { acts && me.agent == STARTING && me.fresh && !gives_up ->
       says("asks Docker to start the container: ACTIVE\n");
       me.asked = true; me.fresh = false; me.stale = (lock_of != n); me.agent = ACTIVE }
  :: d_step { acts && me.agent == ACTIVE && !leftovers && !gives_up ->
       says("sees that its container has ended: STARTING\n"); me.fresh = false; me.agent = STARTING }
  :: d_step { acts && (me.agent == STARTING || me.agent == ACTIVE) && !gives_up ->
       says("is to hand over: STOPPING\n"); me.fresh = false; me.agent = STOPPING }
  :: d_step { acts && me.agent == STOPPING && me.runs && !no_stop_works && !gives_up ->
       says("stops the container in order\n"); stop_container(n) }
  :: d_step { acts && me.agent == STOPPING && no_stop_works && !gives_up -> says("cannot stop its container: KILLING\n"); to_killing(n) }
  :: d_step { acts && me.agent == STOPPING && gone && me.holds && !gives_up && reaches && still_mine && !foreign_epoch ->
       says("releases the lease: STANDBY\n"); write_record(n, true); to_standby(n); done(n) }

  :: d_step { acts && me.agent == KILLING && me.runs && !me.stuck -> says("kills its container\n"); no_container(n) }
  :: d_step { acts && me.agent == KILLING && gone -> says("is certain of it: STANDBY\n"); me.left = me.epoch; to_standby(n); done(n) }
  :: d_step { acts && me.agent == KILLING && !gone && (!me.runs || me.stuck) -> done(n) }
  fi
}

/* ---- what happens by itself ---- */

inline event(n) {
  if
  :: d_step { up && me.asked -> says("starts the container (Docker)\n"); me.asked = false; me.runs = true; check_one_writer() }
  /* It finds the lease kept by the lease process, or leftovers; half taken is neither. */
  :: d_step { up && me.hung ->
       says("has another agent, which takes over\n");
       me.hung = false; me.due = true; me.fresh = false; me.news = true; me.seen = 0;
       if
       :: me.agent == TAKING || (owner && !me.holds) -> me.agent = KILLING
       :: me.agent == CONTENDING || me.agent == WAITING -> to_standby(n)
       :: else
       fi }
#ifdef V3
  :: d_step { reaches && me.claims ->
       says("has its claim written\n"); me.claims = false; lock_of = n; me.silent = 0; me.news = false; tell_all(n); check_one_writer() }
#else
  /* The lease process has ended, or let go of it, and the server hears of it. */
  :: d_step { reaches && lock_of == n && !me.holds -> says("tells the server that it has let go of the lock\n"); lock_of = NOBODY }
#endif
  fi
}

inline fault(n) {
  if
  :: d_step { faults > 0 && acts -> says("FAULT: its agent is killed, or hangs\n"); faults--; me.hung = true }
  :: d_step { faults > 0 && up && me.holds -> says("FAULT: its lease process is killed\n"); faults--; me.holds = false; me.lonely = true }
  :: d_step { faults > 0 && me.agent != OFF -> says("FAULT: power failure\n"); faults--; turn_off(n) }
  :: d_step { faults > 0 && !me.cut -> says("FAULT: is cut off from the NFS server\n"); faults--; me.cut = true }
  :: d_step { faults > 0 && n == 0 && !server_down -> printf("S FAULT: the NFS server is down\n"); faults--; server_down = true }
  :: d_step { faults > 0 && up && me.runs -> says("FAULT: its container ends\n"); faults--; no_container(n) }
#ifdef STUCK
  :: d_step { faults > 0 && up && !me.stuck -> says("FAULT: nothing here can be killed\n"); faults--; me.stuck = true }
#endif
#ifdef PAUSE
  :: d_step { faults > 0 && up -> says("FAULT: its machine is paused\n"); faults--; me.paused = true }
#endif
  fi
}

inline mending(n) {
  if
  :: d_step { me.agent == OFF -> says("boots\n"); me.agent = STANDBY; me.due = true; me.news = true }
  :: d_step { me.hung -> says("goes on: its agent does not hang any more\n"); me.hung = false; check_one_writer() }
  :: d_step { me.cut -> says("reaches the NFS server again\n"); me.cut = false }
  :: d_step { me.paused -> says("goes on: its machine is not paused any more\n"); me.paused = false; check_one_writer() }
  /* Clients reclaim their locks in the grace period, which is no shorter than the lease: that begins anew. */
  :: d_step { n == 0 && server_down -> printf("S the NFS server is back\n"); server_down = false; node[0].silent = 0; node[1].silent = 0;
#if NODES > 2
       node[2].silent = 0
#endif
     }
  fi
}

/* ---- time ---- */

#ifdef NO_DEADMAN
#define deadman false
#else
#define deadman (!me.lonely && me.runs && me.beaten > GIVE_UP)
#endif

/* One heartbeat before WATCHDOG: whoever is there and not certain that the container is gone. */
#ifdef NO_RESET
#define resets false
#else
#define resets (leftovers && me.beaten >= WATCHDOG && (!me.hung || (!me.lonely && me.runs)))
#endif

#ifdef NO_WATCHDOG
#define device_fires false
#else
#define device_fires (me.fed >= WATCHDOG)
#endif

inline tick_of(n) {
  if
  :: up ->
    me.due = true;
    if
    :: !record_released && record_of != n && !owner -> count(me.seen)
    :: else -> me.seen = 0
    fi;
    if
    :: me.epoch -> count(me.beaten); count(me.fed)
    :: else
    fi;
    if
    :: me.epoch && device_fires -> says("is reset by its watchdog device\n"); turn_off(n)
    :: else ->
      if
      :: me.epoch && deadman && !me.stuck -> says("has its container killed by the lease process\n"); no_container(n)
      :: else
      fi;
      if
      :: me.epoch && resets -> says("resets itself: its container is not certain to be gone\n"); turn_off(n)
      :: else
      fi
    fi
  :: else
  fi;
#ifdef V3
  if
  :: lock_of == n && me.agent == CONTENDING -> count(me.silent)
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

/* All agents that act have had their step. */
#define waits_for(x) (node[x].agent != OFF && !node[x].paused && !node[x].hung && node[x].due)

active proctype world() {
  do
  :: agent_step(0)
  :: agent_step(1)
  :: event(0)
  :: event(1)
  :: fault(0)
  :: fault(1)
  :: mending(0)
  :: mending(1)
#if NODES > 2
  :: agent_step(2)
  :: event(2)
  :: fault(2)
  :: mending(2)
#endif
  :: d_step { !waits_for(0) && !waits_for(1) &&
#if NODES > 2
       !waits_for(2) &&
#endif
       true ->
       printf("-\n");
       tick_of(0);
       tick_of(1);
#if NODES > 2
       tick_of(2);
#endif
       together = (how_many_run > 1 -> together + 1 : 0) }
  od
}
