//! Law 3: a connection put to rest and taken up again goes on as if nothing had happened.

use super::*;

prop_compose! {
    fn line()(
        (src, dst) in prop_oneof![Just((1u8, 2u8)), Just((2, 1)), Just((1, 3)), Just((3, 1)), Just((4, 4))],
        letters in prop_oneof![4 => Just("A"), 2 => Just("S"), 1 => Just("SA"), 1 => Just("FA"), 1 => Just("R")],
        seq in prop_oneof![8 => 0..20u32, 1 => Just(u32::MAX), 1 => Just(1 << 30)],
        ack in 0..20u32,
        payload in "[a-c]{0,6}",
        step in prop_oneof![8 => Just(1i64), 1 => Just(0), 1 => Just(130)],
        vlan in prop_oneof![6 => Just(None), 1 => Just(Some(7))],
        missing in prop_oneof![6 => Just(0), 1 => Just(5)],
        checksum in prop_oneof![4 => Just(Checksum::Good), 1 => Just(Checksum::Bad)],
    ) -> Line {
        let time = Timestamp::new(step, 0).unwrap();
        let (ends, flags, transport) = ([src, dst], flags(letters), Transport::Tcp);
        Line { time, ends, flags, seq, ack, window: 10, vlan, missing, checksum, transport, payload }
    }
}

/// A tracker, and everything it has said so far.
struct Run {
    tracker: Tracker,
    limits: Limits,
    told: Vec<String>,
    /// As they were said to be settled, and nothing was said of them since.
    settled: Vec<Connection>,
    /// Put to rest by the tracker itself.
    resting: Vec<Connection>,
    ended: Vec<Connection>,
    frame: u64,
    time: i64,
}

impl Run {
    fn new(limits: Limits) -> Run {
        let tracker = Tracker::new(limits.clone(), 1, 1);
        Run {
            tracker,
            limits,
            told: Vec::new(),
            settled: Vec::new(),
            resting: Vec::new(),
            ended: Vec::new(),
            frame: 0,
            time: 0,
        }
    }

    /// Puts the connection idle longest to rest, and those with its endpoints.
    fn rest_idlest(&mut self) {
        let (mut events, live) = (Vec::new(), self.tracker.live());
        self.tracker.rest_idlest(&mut events);
        assert_eq!(live - self.tracker.live(), events.len());
        assert!(live == 0 || !events.is_empty());
        events.into_iter().for_each(|event| self.take(event));
    }

    fn observe(&mut self, line: &Line) {
        self.frame += 1;
        self.time += line.time.nanoseconds();
        self.wake(&line.segment());
        let mut events = Vec::new();
        let at = Stamp { time: Some(Timestamp(self.time)), capture: 1, frame: self.frame };
        self.tracker.observe(at, &line.segment(), &mut events);
        events.into_iter().for_each(|event| self.take(event));
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Ended(connection) => self.end(*connection),
            Event::Rests(connection) => {
                self.check(&connection);
                self.resting.push(*connection);
            }
            Event::Settled(connection) => self.settled.push(*connection),
            Event::Unsettled(id) => {
                let known = self.settled.len();
                self.settled.retain(|connection| connection.id != id);
                assert_eq!(self.settled.len() + 1, known);
            }
            event => self.told.push(event.to_string()),
        }
    }

    fn end(&mut self, connection: Connection) {
        self.check(&connection);
        self.ended.push(connection);
    }

    /// A connection that was said to be settled is as it was then.
    fn check(&mut self, connection: &Connection) {
        let settled = self.settled.extract_if(.., |settled| settled.id == connection.id).next();
        assert_eq!(settled.is_some(), connection.is_settled());
        assert!(settled.is_none_or(|settled| settled == *connection));
    }

    /// Takes up what is at rest between the ends of a segment of which the tracker knows nothing.
    fn wake(&mut self, segment: &Segment<'_>) {
        if !self.tracker.knows(&self.tracker.key(segment)) {
            let ends = [segment.src.min(segment.dst), segment.src.max(segment.dst)];
            let now = Timestamp(self.time);
            for connection in self.resting.extract_if(.., |connection| connection.ends() == ends) {
                match connection.until(&self.limits).is_some_and(|until| until < now) {
                    true => self.ended.push(connection),
                    false => self.tracker.resume(connection),
                }
            }
        }
    }

    /// Ends the tracker and goes on with another one, through the bytes of what is at rest.
    fn rest(&mut self) {
        let mut left: Vec<_> = self.tracker.finish().collect();
        left.iter().for_each(|(connection, _)| self.check(connection));
        left.extend(self.resting.drain(..).map(|connection| (Box::new(connection), true)));
        left.sort_by_key(|(connection, _)| connection.id);
        let all = || left.iter().map(|(connection, _)| &**connection).chain(&self.ended);
        let connections = all().map(|connection| connection.id).max().unwrap_or(0);
        let flows = all().flat_map(|connection| &connection.directions).flat_map(|direction| direction.flows());
        let flows = flows.map(|flow| flow.id).max().unwrap_or(0);
        self.tracker = Tracker::new(self.limits.clone(), connections + 1, flows + 1);
        for (connection, goes_on) in left {
            if goes_on {
                let bytes = postcard::to_stdvec(&connection).unwrap();
                self.tracker.resume(postcard::from_bytes(&bytes).unwrap());
            } else {
                self.ended.push(*connection);
            }
        }
    }

    fn finish(mut self) -> (Vec<String>, Vec<Connection>) {
        self.ended.append(&mut self.resting);
        self.tracker.finish().for_each(|(connection, _)| self.end(*connection));
        self.ended.sort_by_key(|connection| connection.id);
        let through_bytes = |connection: &Connection| postcard::from_bytes(&postcard::to_stdvec(connection).unwrap());
        self.ended.iter_mut().for_each(|connection| *connection = through_bytes(connection).unwrap());
        (self.told, self.ended)
    }
}

/// How long open connections may be silent: less than some steps, more than most.
fn idle() -> impl Strategy<Value = Option<i64>> {
    prop::option::of((0..200i64).prop_map(|seconds| seconds * 1_000_000_000))
}

proptest! {
    #[test]
    fn resting_changes_nothing(
        lines in proptest::collection::vec(line(), 1..60),
        rests in proptest::collection::vec(any::<prop::sample::Index>(), 0..4),
        settle_after in 0u64..10,
        idle_ns in idle(),
    ) {
        let limits = Limits { max_jump: 1000, max_generations: 4, idle_ns, ..Limits::default() };
        let (mut undisturbed, mut disturbed) = (Run::new(limits.clone()), Run::new(Limits { settle_after, ..limits }));
        let rests: Vec<usize> = rests.iter().map(|at| at.index(lines.len())).collect();
        for (at, line) in lines.iter().enumerate() {
            if rests.contains(&at) {
                disturbed.rest();
            }
            undisturbed.observe(line);
            disturbed.observe(line);
        }
        prop_assert_eq!(undisturbed.finish(), disturbed.finish());
    }
    #[test]
    fn resting_the_idlest_changes_nothing(
        lines in proptest::collection::vec((line(), 0..3u8), 1..60),
        settle_after in 0u64..100,
        idle_ns in idle(),
    ) {
        let limits = Limits { max_jump: 1000, max_generations: 4, idle_ns, ..Limits::default() };
        let (mut undisturbed, mut disturbed) = (Run::new(limits.clone()), Run::new(Limits { settle_after, ..limits }));
        for (line, rests) in lines {
            undisturbed.observe(&line);
            disturbed.observe(&line);
            (0..rests / 2 * 2).for_each(|_| disturbed.rest_idlest());
        }
        (0..60).for_each(|_| disturbed.rest_idlest());
        prop_assert_eq!((disturbed.tracker.live(), disturbed.tracker.held_ranges()), (0, 0));
        prop_assert_eq!(undisturbed.finish(), disturbed.finish());
    }

    #[test]
    fn what_is_held_is_counted(lines in proptest::collection::vec((line(), any::<bool>()), 1..60)) {
        let mut run = Run::new(Limits { max_jump: 1000, max_generations: 4, ..Limits::default() });
        for (line, rests) in lines {
            run.observe(&line);
            if rests {
                run.rest_idlest();
            }
        }
        let (live, ranges) = (run.tracker.live(), run.tracker.held_ranges());
        let left: Vec<_> = run.tracker.finish().collect();
        let parts = left.iter().flat_map(|(connection, _)| &connection.directions);
        let counted: usize = parts.flat_map(|direction| direction.stream.parts()).map(|part| part.extra_ranges()).sum();
        prop_assert_eq!((live, ranges), (left.len(), counted));
    }
}
