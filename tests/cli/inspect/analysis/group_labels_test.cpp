#include "analysis/group_labels.hpp"

#include <catch2/catch.hpp>

#include "inspect/analysis/made_snapshot.hpp"

using namespace tasks::inspect;
using namespace std::chrono_literals;
using tasks::protocol::WaitReason;

namespace {

/// Jobs that wait in one place, all of one group.
struct Scene {
    MadeSnapshot made;

    MadeSnapshot::MadeTask sender(std::chrono::nanoseconds age) {
        return made.job({"charge card"}).waits(WaitReason::chan_send, "results", age);
    }

    /// The labels' texts as they are told, of the first group.
    std::vector<std::string> oldest(std::size_t most = 3) {
        const auto report = made.analyse();
        REQUIRE(report.groups.size() == 1); // labels split no group
        labels = GroupLabelling(report).of(report.groups[0], most);
        std::vector<std::string> texts;
        for (const auto index : labels.oldest) {
            texts.push_back(made->labels[index].text);
        }
        return texts;
    }

    GroupLabels labels;
};

using Texts = std::vector<std::string>;

} // namespace

TEST_CASE("without labels nothing is told") {
    Scene scene;
    scene.sender(1s);
    CHECK(scene.oldest().empty());
    CHECK(scene.labels.distinct == 0);
    CHECK(scene.labels.tasks == 0);
}

TEST_CASE("one label of all tasks is told once") {
    Scene scene;
    for (int at = 0; at < 5; ++at) {
        scene.sender(1s * at).labelled("request", "8431");
    }
    CHECK(scene.oldest() == Texts{"8431"});
    CHECK(scene.labels.distinct == 1);
    CHECK(scene.labels.tasks == 5);
}

TEST_CASE("the labels of the oldest tasks come first, in whatever order the tasks are") {
    const std::vector<std::pair<std::chrono::seconds, std::string>> tasks{{3s, "c"}, {9s, "a"}, {1s, "e"}, {2s, "d"},
                                                                          {5s, "b"}, {4s, "d"}, {0s, "a"}, {6s, "b"}};
    for (std::size_t turn = 0; turn < tasks.size(); ++turn) {
        Scene scene;
        for (std::size_t at = 0; at < tasks.size(); ++at) {
            const auto& [age, text] = tasks[(at + turn) % tasks.size()];
            scene.sender(age).labelled("request", text);
        }
        INFO("turned by " << turn);
        CHECK(scene.oldest(3) == Texts{"a", "b", "d"});
        CHECK(scene.oldest(9) == Texts{"a", "b", "d", "c", "e"});
        CHECK(scene.oldest(1) == Texts{"a"});
        CHECK(scene.labels.distinct == 5);
        CHECK(scene.labels.tasks == 8);
    }
}

TEST_CASE("tasks without a label are counted apart, those of unknown age come last") {
    Scene scene;
    scene.sender(8s);
    scene.sender(0s).labelled("request", "unknown").facts().since_ns = 0;
    scene.sender(1s).labelled("request", "known");
    CHECK(scene.oldest() == Texts{"known", "unknown"});
    CHECK(scene.labels.tasks == 2);
}

TEST_CASE("one group's labels are not another's") {
    Scene scene;
    scene.sender(1s).labelled("request", "8431");
    scene.sender(2s).labelled("request", "8432");
    scene.made.job({"mail"}).waits(WaitReason::job_queue, "outbox", 3s).labelled("request", "8431");
    const auto report = scene.made.analyse();
    REQUIRE(report.groups.size() == 2);
    GroupLabelling labelling(report);
    for (int look = 0; look < 2; ++look) {
        CHECK(labelling.of(report.groups[0], 3).distinct == 2);
        CHECK(labelling.of(report.groups[1], 3).distinct == 1);
    }
}

TEST_CASE("an index that is no label's is none") {
    Scene scene;
    scene.sender(1s).labelled("request", "8431");
    scene.sender(2s).facts().label = 1'000;
    CHECK(scene.oldest() == Texts{"8431"});
    CHECK(scene.labels.tasks == 1);
}

TEST_CASE("the pattern is tried on labels too") {
    Scene scene;
    scene.sender(1s).labelled("request", "8431");
    scene.sender(2s).labelled("request", "8432");
    scene.sender(3s);
    const auto matching = [&](const char* pattern) {
        StackOptions options;
        options.match = pattern;
        const auto report = scene.made.analyse(options);
        return report.groups.empty() ? 0 : report.groups[0].count;
    };
    CHECK(matching("^request=8431$") == 1);
    CHECK(matching("request=") == 2);
    CHECK(matching("=843[0-9]") == 2);
    CHECK(matching("request=9") == 0);
    CHECK(matching("charge") == 3);
}
