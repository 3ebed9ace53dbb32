%% The workloads of perennial-bench under OTP's supervisor.
%%
%%   erlc bench.erl
%%   erl +S 2:2 +P 4000000 -noshell -s bench main -extra WORKLOAD N M
%%
%% Children are gen_servers, and all of them permanent. `restart-*` is under a list of specs, as ours;
%% `restart-*-pool` under simple_one_for_one.
%%
%% Prints one line of JSON for each measurement, with the fields of perennial-bench.
-module(bench).
-behaviour(gen_server).
-export([main/0]).
-export([start_idle/0, start_victim/1, start_any/1, nest/1]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

main() ->
    logger:set_primary_config(level, none),
    [Workload, N, M] = init:get_plain_arguments(),
    Work = fun() -> bench(list_to_atom(Workload), list_to_integer(N), list_to_integer(M)) end,
    %% In a process with a roomy heap, so that its own garbage is not what is measured.
    {Pid, Ref} = spawn_opt(Work, [monitor, {min_heap_size, 2000000}]),
    receive
        {'DOWN', Ref, process, Pid, normal} ->
            erlang:halt(0);
        {'DOWN', Ref, process, Pid, {unsupported, _}} ->
            io:format(standard_error, "bench: OTP has no such workload~n", []),
            erlang:halt(3);
        {'DOWN', Ref, process, Pid, Why} ->
            io:format(standard_error, "bench: ~p~n", [Why]),
            erlang:halt(1)
    end.

%% ---- workloads --------------------------------------------------------------------------------

bench('spawn-call', N, M) ->
    {ok, Sup} = pool({?MODULE, start_idle, []}),
    Before = rss(),
    Began = now_ns(),
    repeat(N, fun() -> {ok, _} = supervisor:start_child(Sup, []) end),
    Took = now_ns() - Began,
    Bytes = (rss() - Before) * 1024 / N,
    emit("spawn-call", "otp-simple_one_for_one", N, M, N, Took, [], Bytes,
         "gen_server children, init is part of the call");
bench('restart-err', N, M) ->
    restart(list, "restart-err", N, M, fail, paced);
bench('restart-panic', N, M) ->
    restart(list, "restart-panic", N, M, crash, paced);
bench('restart-err-pool', N, M) ->
    restart(pool, "restart-err", N, M, fail, paced);
bench('restart-panic-pool', N, M) ->
    restart(pool, "restart-panic", N, M, crash, paced);
bench('restart-err-unpaced', N, M) ->
    restart(pool, "restart-err", N, M, fail, unpaced);
bench('restart-panic-unpaced', N, M) ->
    restart(pool, "restart-panic", N, M, crash, unpaced);
bench(ofa, N, M) ->
    {ok, _} = list(one_for_all, [spec(K, {?MODULE, start_victim, [self()]}) || K <- lists:seq(1, N)]),
    First = collect(N),
    Round = fun(_, {Latencies, Victims}) ->
        Sent = now_ns(),
        gen_server:cast(lists:nth(max(1, N div 2), Victims), crash),
        Back = collect(N),
        {[now_ns() - Sent | Latencies], Back}
    end,
    {Latencies, _} = lists:foldl(Round, {[], First}, lists:seq(1, M)),
    emit("ofa", "otp-one_for_all", N, M, N * M, lists:sum(Latencies), Latencies, none,
         "ns_per_op is per child; p50 per round");
bench(shutdown, N, M) ->
    process_flag(trap_exit, true),
    {ok, Sup} = pool({?MODULE, start_idle, []}),
    repeat(N, fun() -> {ok, _} = supervisor:start_child(Sup, []) end),
    emit("shutdown", "otp-simple_one_for_one", N, M, N, stop(Sup), [], none, "all at once");
bench('shutdown-ordered', N, M) ->
    process_flag(trap_exit, true),
    {ok, Sup} = list(one_for_one, [spec(K, {?MODULE, start_idle, []}) || K <- lists:seq(1, N)]),
    emit("shutdown-ordered", "otp-one_for_one", N, M, N, stop(Sup), [], none,
         "one after the other in reverse");
bench(depth, N, M) ->
    process_flag(trap_exit, true),
    {ok, Sup} = nest(N),
    emit("depth", "otp-supervisor", N, M, N, stop(Sup), [], none, "nested supervisors");
bench(Workload, _, _) ->
    exit({unsupported, Workload}).

%% OTP looks through all restarts in the window at each restart: paced, at most 200 stand in it.
restart(Kind, Name, N, M, How, Pace) ->
    process_flag(trap_exit, true),
    Sup = siblings(Kind, N),
    First = receive {up, Pid} -> Pid end,
    timer:sleep(100),
    Round = fun(K, {Latencies, Victim}) ->
        Pace =:= paced andalso K rem 200 =:= 0 andalso timer:sleep(2050),
        Sent = now_ns(),
        case How of
            crash -> gen_server:cast(Victim, crash);
            fail -> Victim ! fail
        end,
        Back = receive {up, Pid2} -> Pid2 end,
        {[now_ns() - Sent | Latencies], Back}
    end,
    {Latencies, _} = lists:foldl(Round, {[], First}, lists:seq(1, M)),
    System = case {Kind, Pace} of
        {pool, paced} -> "otp-simple_one_for_one";
        {list, paced} -> "otp-one_for_one";
        {pool, unpaced} -> "otp-simple_one_for_one-unpaced"
    end,
    Note = case Pace of
        paced -> "paced: at most 200 restarts in the window";
        unpaced -> "back to back: the list of restarts grows"
    end,
    emit(Name, System, N, M, M, lists:sum(Latencies), Latencies, none, Note),
    stop(Sup).

siblings(pool, N) ->
    {ok, Sup} = pool({?MODULE, start_any, []}),
    repeat(N, fun() -> {ok, _} = supervisor:start_child(Sup, [idle]) end),
    {ok, _} = supervisor:start_child(Sup, [{victim, self()}]),
    Sup;
siblings(list, N) ->
    Idle = fun(K) -> spec(K, {?MODULE, start_idle, []}) end,
    Half = N div 2,
    Victim = spec(victim, {?MODULE, start_victim, [self()]}),
    Specs = [Idle(K) || K <- lists:seq(1, Half)] ++ [Victim] ++ [Idle(K) || K <- lists:seq(Half + 1, N)],
    {ok, Sup} = list(one_for_one, Specs),
    Sup.

%% ---- children ---------------------------------------------------------------------------------

start_idle() -> gen_server:start_link(?MODULE, idle, []).
start_victim(Driver) -> gen_server:start_link(?MODULE, {victim, Driver}, []).
start_any(idle) -> start_idle();
start_any({victim, Driver}) -> start_victim(Driver).

nest(0) ->
    start_idle();
nest(N) ->
    Below = #{id => level, start => {?MODULE, nest, [N - 1]}, restart => permanent,
              shutdown => infinity, type => supervisor},
    list(one_for_one, [Below]).

init(idle) -> {ok, idle};
init({victim, Driver}) -> self() ! first, {ok, Driver};
init({supervisor, Flags, Specs}) -> {ok, {Flags, Specs}}.

handle_call(_, _, State) -> {reply, ok, State}.
handle_cast(crash, _) -> error(crash).
handle_info(first, Driver) -> Driver ! {up, self()}, {noreply, Driver};
handle_info(fail, State) -> {stop, fail, State};
handle_info(_, State) -> {noreply, State}.

%% ---- supervisors ------------------------------------------------------------------------------

pool(Start) -> sup(simple_one_for_one, [spec(child, Start)]).
list(Strategy, Specs) -> sup(Strategy, Specs).

sup(Strategy, Specs) ->
    Flags = #{strategy => Strategy, intensity => 100000000, period => 1},
    supervisor:start_link(?MODULE, {supervisor, Flags, Specs}).

spec(Id, Start) ->
    #{id => Id, start => Start, restart => permanent, shutdown => 5000, type => worker}.

stop(Sup) ->
    timer:sleep(50),
    Ref = monitor(process, Sup),
    Began = now_ns(),
    exit(Sup, shutdown),
    receive {'DOWN', Ref, _, _, _} -> now_ns() - Began end.

%% ---- measuring --------------------------------------------------------------------------------

now_ns() -> erlang:monotonic_time(nanosecond).

repeat(0, _) -> ok;
repeat(K, Do) -> Do(), repeat(K - 1, Do).

collect(N) -> [receive {up, Pid} -> Pid end || _ <- lists:seq(1, N)].

rss() ->
    {ok, Statm} = file:read_file("/proc/self/statm"),
    [_, Pages | _] = string:lexemes(Statm, " "),
    binary_to_integer(Pages) * 4.

emit(Name, System, N, M, Ops, Took, Latencies, Bytes, Note) ->
    io:format("{\"name\":\"~s\",\"system\":\"~s\",\"n\":~b,\"m\":~b,\"workers\":~b,\"ops\":~b,"
              "\"ns_per_op\":~.2f~s~s,\"rss_kib\":~b,\"note\":\"~s\"}~n",
              [Name, System, N, M, erlang:system_info(schedulers_online), Ops, Took / Ops,
               percentiles(lists:sort(Latencies)), bytes(Bytes), rss(), Note]).

percentiles([]) ->
    "";
percentiles(Sorted) ->
    At = fun(Share) -> lists:nth(round((length(Sorted) - 1) * Share) + 1, Sorted) end,
    io_lib:format(",\"min_ns\":~b,\"p50_ns\":~b,\"p99_ns\":~b,\"max_ns\":~b",
                  [hd(Sorted), At(0.5), At(0.99), lists:last(Sorted)]).

bytes(none) -> "";
bytes(Bytes) -> io_lib:format(",\"bytes_per\":~b", [round(Bytes)]).
