//! Partition supervisors: n copies of one child, of which a key chooses one.

use perennial::{
    DynamicSupervisor, Fault, PartitionSupervisor, Partitions, StartError, StormGuard, Supervisor,
};
use perennial_test::{End, Script, StartAct, settle};

use crate::support::{exhausted, secs, started};

/// A partition supervisor of scripts, each of which is what belongs to its partition.
fn shards(count: usize) -> PartitionSupervisor<Script> {
    PartitionSupervisor::with("shards", count, |_partition| {
        let shard = Script::new("shard");
        (shard.clone(), shard)
    })
}

#[tokio::test(start_paused = true)]
async fn the_partitions_are_children_with_their_numbers_as_ids() {
    let shards = shards(3);
    let handle = shards.handle();
    let (app, _events) = started(&Supervisor::one_for_one("app").child(shards)).await;
    let ids: Vec<_> = handle
        .which_children()
        .await
        .unwrap()
        .into_iter()
        .map(|child| child.id.to_string())
        .collect();
    assert_eq!(ids, ["0", "1", "2"]);
    assert_eq!(handle.count_children().await.unwrap().active, 3);
    let report = app.shutdown().await;
    let stopped: Vec<_> = report
        .children()
        .iter()
        .map(|c| c.path.to_string())
        .collect();
    assert_eq!(
        stopped,
        ["app/shards/2", "app/shards/1", "app/shards/0", "app/shards"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_key_finds_what_belongs_to_its_partition_and_the_child_beside_it() {
    let handle = shards(4).start().await.unwrap();
    for key in ["alice", "bob", "carol", "dave", "erin"] {
        let script = handle.get(key);
        assert_eq!(script.context().path().id(), &handle.child_id(key));
        assert_eq!(
            handle.child_id(key).as_str(),
            handle.partition(key).to_string()
        );
        assert_eq!(handle.partition(&key.to_string()), handle.partition(key));
    }
    assert_eq!(handle.partitions().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn the_template_is_asked_once_for_each_partition() {
    let mut asked = Vec::new();
    let shards = PartitionSupervisor::new("shards", 3, |partition| {
        asked.push(partition);
        Script::new("shard")
    });
    let handle = shards.start().await.unwrap();
    handle.kill_child("1").await.unwrap();
    settle().await;
    assert_eq!(handle.which_child("1").await.unwrap().restarts, 1);
    handle.shutdown().await;
    assert_eq!(asked, [0, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_partition_is_restarted_alone_and_keeps_its_keys() {
    let handle = shards(3).start().await.unwrap();
    let before = handle.partition("alice");
    handle.get("alice").end(End::Error);
    settle().await;
    assert_eq!(handle.partition("alice"), before);
    for (partition, script) in handle.partitions().iter().enumerate() {
        let starts = if partition == before { 2 } else { 1 };
        assert_eq!(
            (script.starts(), script.alive()),
            (starts, 1),
            "{partition}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_partitions_share_one_intensity() {
    let handle = shards(3).intensity(2, secs(5)).start().await.unwrap();
    for script in handle.partitions() {
        script.end(End::Error);
    }
    let exhausted = exhausted(handle.wait().await);
    assert_eq!(exhausted.child.to_string(), "shards/2");
}

#[tokio::test(start_paused = true)]
async fn a_partition_that_cannot_start_fails_the_start_of_all() {
    let shards = PartitionSupervisor::with("shards", 3, |partition| {
        let act = if partition == 1 {
            StartAct::Fail
        } else {
            StartAct::Run
        };
        let shard = Script::new("shard").starts_with(act);
        (shard.clone(), shard)
    });
    let handle = shards.handle();
    let error = shards.start().await.unwrap_err();
    assert!(
        matches!(error, StartError::Initialization { .. }),
        "{error}"
    );
    let starts: Vec<_> = handle.partitions().iter().map(Script::starts).collect();
    assert_eq!(starts, [1, 1, 0]);
}

#[tokio::test(start_paused = true)]
async fn no_partitions_are_a_fault_with_its_place() {
    let app = Supervisor::one_for_one("app").child(shards(0));
    let error = app.check().unwrap_err();
    let faults: Vec<_> = error.faults().collect();
    assert_eq!(faults.len(), 1);
    assert_eq!(faults[0].0.to_string(), "app/shards");
    assert_eq!(faults[0].1, &Fault::NoPartitions);
    assert!(matches!(
        shards(0).start().await,
        Err(StartError::Spec { .. })
    ));
    // Its handle answers all the same.
    assert_eq!(shards(0).handle().partition("alice"), 0);
}

#[tokio::test(start_paused = true)]
async fn faults_below_a_partition_are_found_too() {
    let shards = PartitionSupervisor::new("shards", 2, |_partition| {
        DynamicSupervisor::new("jobs", |(): ()| Script::new("job")).max_children(0)
    });
    let error = Supervisor::one_for_one("app")
        .child(shards)
        .check()
        .unwrap_err();
    let paths: Vec<_> = error.faults().map(|(path, _)| path.to_string()).collect();
    assert_eq!(paths, ["app/shards/0", "app/shards/1"]);
}

#[tokio::test(start_paused = true)]
async fn by_default_there_is_a_partition_for_each_core() {
    let shards = PartitionSupervisor::new("shards", Partitions::default(), |_| Script::new("s"));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    assert_eq!(shards.handle().partitions().len(), cores);
}

#[tokio::test(start_paused = true)]
async fn dynamic_supervisors_are_partitioned_by_their_handles() {
    let jobs = PartitionSupervisor::with("jobs", 4, |_partition| {
        let jobs = DynamicSupervisor::new("jobs", |job: Script| job);
        (jobs.handle(), jobs)
    });
    let handle = jobs.handle();
    let (app, mut events) = started(&Supervisor::one_for_one("app").child(jobs)).await;
    let place = handle.child_id("alice");
    for life in 1..=2 {
        let job = handle
            .get("alice")
            .start_child(Script::new("job"))
            .await
            .unwrap();
        assert_eq!(
            job.path().to_string(),
            format!("app/jobs/{place}/job#{life}")
        );
        // The handles are good after a restart of all partitions too.
        app.kill_child("jobs").await.unwrap();
        events.expect("app/jobs is restarted").await;
        events.expect("app/jobs runs").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_partition_may_fail_as_often_as_it_likes_if_the_intensity_is_unlimited() {
    let handle = shards(2).unlimited_intensity().start().await.unwrap();
    let first = &handle.partitions()[0];
    for starts in 2..20 {
        first.end(End::Error);
        settle().await;
        assert_eq!((first.alive(), first.starts()), (1, starts));
    }
    assert_eq!(handle.partitions()[1].starts(), 1);
}

#[tokio::test(start_paused = true)]
async fn partitions_that_fail_together_come_back_one_by_one_if_a_storm_guard_says_so() {
    let guard = StormGuard::new(1).pause(secs(5)).spacing(secs(1));
    let shards = shards(3).unlimited_intensity().storm_guard(guard);
    let handle = shards.start().await.unwrap();
    for shard in handle.partitions() {
        shard.end(End::Error);
    }
    settle().await;
    let running = || handle.partitions().iter().filter(|it| it.alive() == 1);
    assert_eq!(running().count(), 1, "the first is below the threshold");
    for (seconds, expected) in [(4, 1), (1, 2), (1, 3)] {
        tokio::time::advance(secs(seconds)).await;
        settle().await;
        assert_eq!(running().count(), expected);
    }
}

#[test]
fn a_storm_guard_of_partitions_that_makes_no_sense_is_a_fault() {
    let error = shards(2).storm_guard(StormGuard::new(0)).check();
    let error = error.expect_err("no threshold");
    let faults: Vec<_> = error.faults().map(|(_, fault)| fault.clone()).collect();
    assert_eq!(faults, [Fault::StormGuard]);
}
