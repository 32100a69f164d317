#include <tasks/protocol/places.hpp>

#include <map>

#include <catch2/catch.hpp>

using namespace tasks::protocol;

namespace {

using Variables = std::map<std::string, std::string, std::less<>>;
using Places = std::vector<std::string>;

Places with(const Variables& variables, std::uint32_t uid = 1000) {
    return places(
        [&](std::string_view name) -> std::optional<std::string> {
            const auto found = variables.find(name);
            return found == variables.end() ? std::nullopt : std::optional{found->second};
        },
        uid);
}

const Places bare{"/run/user/1000/tasks", "/dev/shm/tasks-1000", "/tmp/tasks-1000"};

} // namespace

TEST_CASE("without variables the places are those of the user") { CHECK(with({}) == bare); }

TEST_CASE("each variable adds its place in the order of preference") {
    const Variables all{{"RUNTIME_DIRECTORY", "/run/payments"}, {"XDG_RUNTIME_DIR", "/run/x"}, {"TMPDIR", "/var/tmp"}};
    CHECK(with(all, 7) == Places{"/run/payments", "/run/x/tasks", "/run/user/7/tasks", "/dev/shm/tasks-7",
                                 "/var/tmp/tasks-7", "/tmp/tasks-7"});
}

TEST_CASE("TASKS_DIR stands alone") {
    CHECK(with({{"TASKS_DIR", "/srv/tasks"}, {"XDG_RUNTIME_DIR", "/run/x"}}) == Places{"/srv/tasks"});
    CHECK(with({{"TASKS_DIR", "/srv/tasks//"}}) == Places{"/srv/tasks"});
    CHECK(with({{"TASKS_DIR", "/"}}) == Places{"/"});
}

TEST_CASE("relative and empty values are passed over") {
    CHECK(with({{"TASKS_DIR", "tasks"}}) == bare);
    CHECK(with({{"TASKS_DIR", ""}}) == bare);
    CHECK(with({{"RUNTIME_DIRECTORY", "payments"}, {"XDG_RUNTIME_DIR", "."}, {"TMPDIR", ""}}) == bare);
    CHECK(with({{"RUNTIME_DIRECTORY", ":/run/second"}}) == bare);
    CHECK(with({{"RUNTIME_DIRECTORY", "/"}}) == bare);
}

TEST_CASE("values that are no path are passed over") {
    CHECK(with({{"TASKS_DIR", std::string("/a\0b", 4)}}) == bare);
    CHECK(with({{"TASKS_DIR", "/" + std::string(4095, 'a')}}) == bare);
    CHECK(with({{"TASKS_DIR", "/" + std::string(4094, 'a')}}).size() == 1);
}

TEST_CASE("only the first entry of RUNTIME_DIRECTORY is a place") {
    CHECK(with({{"RUNTIME_DIRECTORY", "/run/a/:/run/b"}}).front() == "/run/a");
}

TEST_CASE("no place is listed twice") {
    CHECK(with({{"XDG_RUNTIME_DIR", "/run/user/1000/"}, {"TMPDIR", "/tmp"}}) == bare);
    CHECK(with({{"RUNTIME_DIRECTORY", "/dev/shm/tasks-1000"}}) ==
          Places{"/dev/shm/tasks-1000", "/run/user/1000/tasks", "/tmp/tasks-1000"});
}

TEST_CASE("instance names are read back") {
    const auto name = instance_name(12336, 884213);
    CHECK(name == "12336-884213");
    for (const auto file : {PlacedFile::socket, PlacedFile::table}) {
        const auto read = parse_instance_name(name + std::string{file == PlacedFile::socket ? ".sock" : ".table"});
        REQUIRE(read);
        CHECK(read->pid == 12336);
        CHECK(read->start_time_ticks == 884213);
        CHECK(read->file == file);
    }
    const auto largest = parse_instance_name(instance_name(4294967295u, 18446744073709551615u) + ".table");
    REQUIRE(largest);
    CHECK(largest->pid == 4294967295u);
    CHECK(largest->start_time_ticks == 18446744073709551615u);
    CHECK(parse_instance_name("1-0.sock"));
}

TEST_CASE("other file names are not taken for an instance") {
    for (const char* name : {"",
                             ".sock",
                             "-.sock",
                             "1-.sock",
                             "-2.sock",
                             "1.sock",
                             "1-2",
                             "1-2.sock.",
                             "1-2.SOCK",
                             "1-2.tables",
                             "01-2.sock",
                             "1-02.sock",
                             "+1-2.sock",
                             "1-+2.sock",
                             "1--2.sock",
                             " 1-2.sock",
                             "1 -2.sock",
                             "1- 2.sock",
                             "1-2 .sock",
                             "0-2.sock",
                             "4294967296-2.sock",
                             "1-18446744073709551616.sock",
                             "0x1-2.sock",
                             "1-2-3.sock",
                             ".1-2.table.new",
                             "a-b.table",
                             "..",
                             "1-2.sock/x"}) {
        CAPTURE(name);
        CHECK_FALSE(parse_instance_name(name));
    }
}
