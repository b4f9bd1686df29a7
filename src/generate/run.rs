//! One run: makers, pace, receivers.
//!
//! At a set rate one stream of lines is made, paced, and handed to every receiver. At full speed there is no common pace,
//! and every receiver has a stream of its own, made from the same plan: none waits for another, none loses a line, and each
//! gets the same bytes. (Making a line costs a small part of sending it, so making it twice is cheaper than waiting.)
//!
//! ```text
//! set rate    makers -> queue -> pace -> a queue for each receiver -> sink, book
//! full speed  makers -> sink, book                                    for each receiver, in turn
//! ```

use super::book::{Account, Book, Meter, Receiver};
use super::makers::{Making, Outlet, Place, Recipe};
use super::pace::{self, Outlets};
use super::plan::Plan;
use super::queue::{Portion, Queue};
use super::sink::{Opened, Sink, Trouble, listen::Server};
use super::stop::Stop;
use super::truth::Truth;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::{self, Scope};
use std::time::{Duration, Instant};

/// Bytes of lines that are made before they are due.
const AHEAD_BYTES: u64 = 4 << 20;

/// What a run is told beside its plan.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Bytes of lines that may wait for a receiver before lines are shed.
    pub queue_bytes: u64,
    /// Threads that make lines.
    pub threads: usize,
    /// Whether truths are kept.
    pub truth: bool,
}

/// Sinks that are open, and the clients that servers waited for.
pub struct Ready {
    sinks: Vec<(Opened, Vec<(Box<dyn Sink>, String)>)>,
}

impl Ready {
    /// Waits for the first clients of servers; `tell` is called before each wait.
    pub fn new(opened: Vec<Opened>, stop: &Stop, mut tell: impl FnMut(&Server)) -> Ready {
        let with_clients = |opened| match opened {
            Opened::Server(server) => {
                tell(&server);
                let clients = server.first_clients(stop);
                (Opened::Server(server), clients)
            }
            sink @ Opened::Sink(..) => (sink, Vec::new()),
        };
        Ready { sinks: opened.into_iter().map(with_clients).collect() }
    }
}

/// A run that others may look at.
#[derive(Debug, Default)]
pub struct Progress {
    receivers: Mutex<Vec<(Arc<Meter>, Option<Arc<Queue>>)>>,
    start: OnceLock<Instant>,
    over: AtomicBool,
}

/// What a run has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// Receivers so far.
    pub receivers: usize,
    /// Lines delivered, to all receivers.
    pub lines: u64,
    /// Bytes delivered.
    pub bytes: u64,
    /// Lines shed.
    pub shed: u64,
    /// Things that went wrong and ended nothing.
    pub errors: u64,
    /// How far the receiver that is furthest behind is behind the schedule.
    pub lag: Duration,
}

impl Progress {
    /// What was reached until now.
    pub fn reached(&self) -> Reached {
        let elapsed = self.start.get().map_or(Duration::ZERO, Instant::elapsed);
        let receivers = self.receivers.lock().unwrap_or_else(PoisonError::into_inner);
        let sum = |counter: fn(&Meter) -> u64| receivers.iter().map(|(meter, _)| counter(meter)).sum();
        let first_due = receivers.iter().filter_map(|(_, queue)| queue.as_ref()?.first_due()).min();
        Reached {
            receivers: receivers.len(),
            lines: sum(|meter| meter.lines.load(Ordering::Relaxed)),
            bytes: sum(|meter| meter.bytes.load(Ordering::Relaxed)),
            shed: sum(|meter| meter.shed.load(Ordering::Relaxed)),
            errors: sum(|meter| meter.errors.load(Ordering::Relaxed)),
            lag: first_due.map_or(Duration::ZERO, |due| elapsed.saturating_sub(Duration::from_nanos(due))),
        }
    }

    /// Whether the run is over.
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }
}

/// Runs until all lines are delivered, every receiver has failed or left, or the run is stopped. Accounts are in the order of
/// sinks and clients.
pub fn run(ready: Ready, plan: Arc<Plan>, options: Options, stop: Arc<Stop>, progress: &Progress) -> Vec<Account> {
    // Whatever ends this, a panic too, ends those who look on.
    let _over = Over(progress);
    // One thread makes more lines a second than a schedule asks for, and some schedules must be followed from the start.
    let threads = if plan.schedule().is_paced() { 1 } else { options.threads.max(1) };
    let recipe = Arc::new(Recipe::new(plan, options.truth, threads, stop));
    let run = Run { recipe, options, outlets: Outlets::new(), progress, accounts: Arc::default() };
    thread::scope(|scope| {
        // The schedule starts when its first lines are made, or making them would make them late.
        let made = run.is_paced().then(|| {
            let made = Arc::new(Queue::new(AHEAD_BYTES));
            Making::new(Arc::clone(&run.recipe), Place::default(), Box::new(Arc::clone(&made))).spawn(scope);
            made.wait_for_first();
            made
        });
        progress.start.get_or_init(|| run.recipe.start());
        let mut servers = Vec::new();
        for (number, (opened, clients)) in (1..).zip(ready.sinks) {
            match opened {
                Opened::Sink(sink, name) => {
                    run.serve(scope, Receiver { sink: number, client: 1, name }, sink, Place::default(), None);
                }
                Opened::Server(server) => servers.push(run.begin_serving(scope, server, number, clients)),
            }
        }
        if let Some(made) = made {
            let run = &run;
            scope.spawn(move || pace::pace(&made, &run.outlets, &run.recipe));
        }
        for serving in servers {
            let run = &run;
            scope.spawn(move || run.accept(scope, &serving));
        }
    });
    let mut accounts = std::mem::take(&mut *run.accounts.lock().unwrap_or_else(PoisonError::into_inner));
    accounts.sort_by_key(|account| (account.receiver.sink, account.receiver.client));
    accounts
}

struct Over<'run>(&'run Progress);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::Relaxed);
    }
}

struct Run<'run> {
    recipe: Arc<Recipe>,
    options: Options,
    outlets: Outlets,
    progress: &'run Progress,
    accounts: Arc<Mutex<Vec<Account>>>,
}

/// A receiver whose lines wait nowhere: whoever makes them sends them.
struct Direct {
    sink: Box<dyn Sink>,
    book: Book,
    result: Result<(), Trouble>,
    done: Done,
}

impl Outlet for Direct {
    fn put(&mut self, portion: Portion, recipe: &Recipe) -> bool {
        self.result = self.book.hand(&mut *self.sink, portion, &recipe.pool);
        self.result.is_ok()
    }

    fn end(self: Box<Self>) {
        let Direct { sink, book, result, done } = *self;
        done.settle(book.close(sink, result));
    }
}

/// What is left to do when a receiver is done with.
struct Done {
    accounts: Arc<Mutex<Vec<Account>>>,
    served: Option<Arc<AtomicUsize>>,
}

impl Done {
    fn settle(self, account: Account) {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner).push(account);
    }
}

impl Drop for Done {
    /// After a panic too: a server must not wait for that client.
    fn drop(&mut self) {
        if let Some(served) = &self.served {
            served.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// A server at work.
struct Serving {
    server: Server,
    /// Which sink of the run.
    number: usize,
    /// The streams of its clients, at full speed.
    streams: Mutex<Vec<Arc<Making>>>,
    /// Clients so far.
    clients: AtomicUsize,
    /// Clients that are still served.
    served: Arc<AtomicUsize>,
}

impl<'run> Run<'run> {
    fn is_paced(&self) -> bool {
        self.recipe.plan.schedule().is_paced()
    }

    /// Gives a receiver its queue and its thread, or at full speed its own stream of lines, from a place on.
    fn serve<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        receiver: Receiver,
        sink: Box<dyn Sink>,
        from: Place,
        server: Option<&Serving>,
    ) where
        'run: 'scope,
    {
        let meter = Arc::new(Meter::default());
        let queue = self.is_paced().then(|| Arc::new(Queue::new(self.options.queue_bytes)));
        let receivers = &self.progress.receivers;
        receivers.lock().unwrap_or_else(PoisonError::into_inner).push((Arc::clone(&meter), queue.clone()));
        let truth = self.options.truth.then(|| Truth::new(Arc::clone(&self.recipe.plan)));
        let stop = Arc::clone(&self.recipe.stop);
        let book = Book::new(receiver, queue.clone(), Arc::clone(&meter), stop, self.recipe.start(), truth);
        let done =
            Done { accounts: Arc::clone(&self.accounts), served: server.map(|server| Arc::clone(&server.served)) };
        if let Some(queue) = queue {
            self.outlets.join(queue, meter);
            scope.spawn(move || done.settle(book.keep(sink, &self.recipe.pool)));
            return;
        }
        let direct = Direct { sink, book, result: Ok(()), done };
        let making = Making::new(Arc::clone(&self.recipe), from, Box::new(direct));
        making.spawn(scope);
        if let Some(server) = server {
            server.streams.lock().unwrap_or_else(PoisonError::into_inner).push(making);
        }
    }

    /// Serves the clients that were waited for.
    fn begin_serving<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        server: Server,
        number: usize,
        clients: Vec<(Box<dyn Sink>, String)>,
    ) -> Serving
    where
        'run: 'scope,
    {
        let serving = Serving {
            server,
            number,
            streams: Mutex::default(),
            clients: AtomicUsize::new(0),
            served: Arc::new(AtomicUsize::new(0)),
        };
        clients.into_iter().for_each(|client| self.serve_client(scope, &serving, client, Place::default()));
        serving
    }

    /// Takes in clients as long as there are lines to come. At full speed that is as long as somebody is served.
    fn accept<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>, serving: &Serving)
    where
        'run: 'scope,
    {
        let goes_on = || match self.is_paced() {
            true => !self.outlets.is_closed(),
            false => serving.served.load(Ordering::Relaxed) > 0 || serving.clients.load(Ordering::Relaxed) == 0,
        };
        while goes_on() && !self.recipe.stop.is_interrupted() {
            if let Some(client) = serving.server.accept() {
                self.serve_client(scope, serving, client, serving.furthest());
            }
        }
    }

    fn serve_client<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        serving: &Serving,
        (sink, name): (Box<dyn Sink>, String),
        from: Place,
    ) where
        'run: 'scope,
    {
        let client = serving.clients.fetch_add(1, Ordering::Relaxed) + 1;
        serving.served.fetch_add(1, Ordering::Relaxed);
        self.serve(scope, Receiver { sink: serving.number, client, name }, sink, from, Some(serving));
    }
}

impl Serving {
    /// Where the client is that has got furthest; a new one joins there.
    fn furthest(&self) -> Place {
        let streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        streams.iter().map(|making| making.place()).max().unwrap_or_default()
    }
}
