#include "capture/proc_stat.hpp"

#include <catch2/catch.hpp>

using namespace tasks::inspect;

TEST_CASE("a stat line is read, whatever the command calls itself") {
    const auto stat = parse_stat("4711 (a (b) c) T 12 1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 9 0 8812 1 2 3\n");
    REQUIRE(stat);
    CHECK(stat->pid == 4711);
    CHECK(stat->command == "a (b) c");
    CHECK(stat->stopped());
    CHECK(stat->ppid == 12);
    CHECK(stat->threads == 9);
    CHECK(stat->start_time_ticks == 8812);
}

TEST_CASE("no prefix of a stat line without its start time is read") {
    const std::string line = "4711 (a) S 12 1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 9 0 8812";
    REQUIRE(parse_stat(line));
    for (std::size_t length = 0; length + 5 < line.size(); ++length) {
        CHECK_FALSE(parse_stat(line.substr(0, length)));
    }
    CHECK_FALSE(parse_stat("x (a) S 12 1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 9 0 8812"));
    CHECK_FALSE(parse_stat("1 (a) S 12 1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 9 0 -8812"));
}

TEST_CASE("status gives what it has and leaves the rest unset") {
    const auto status = parse_status("Uid:\t1\t2\t3\t4\nNSpid:\t900\t70\t7\nVmHWM:\t 31 kB\nVmRSS:\t24 kB\n"
                                     "Cpus_allowed_list:\t0-3,8\nvoluntary_ctxt_switches:\t5\nnoise\n");
    CHECK(status.real_uid == 1);
    CHECK(status.effective_uid == 2);
    CHECK(status.innermost_pid == 7);
    CHECK(status.rss_bytes == 24 * 1024);
    CHECK(status.peak_rss_bytes == 31 * 1024);
    CHECK(status.allowed_cpus == 5);
    CHECK(status.switches_voluntary == 5);
    CHECK_FALSE(status.switches_involuntary);
    CHECK_FALSE(status.effective_gid);
}

TEST_CASE("lists of processors are counted or refused") {
    CHECK(count_cpus("0") == 1);
    CHECK(count_cpus("0-1,4,6-7") == 5);
    for (const auto* wrong : {"", "a", "3-1", "1-", "-1", "1,,2", "0-99999999"}) {
        CHECK_FALSE(count_cpus(wrong));
    }
}

TEST_CASE("a process whose main thread alone has ended lives, one without a thread has ended") {
    const auto of = [](const std::string& threads) {
        return parse_stat("4711 (a) Z 12 1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 " + threads + " 0 8812 1 2 3\n");
    };
    REQUIRE((of("0") && of("1") && of("2")));
    CHECK(of("0")->ended());
    CHECK(of("1")->ended());
    CHECK_FALSE(of("2")->ended());
}
