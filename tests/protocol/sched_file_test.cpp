#include <tasks/protocol/sched_file.hpp>

#include <catch2/catch.hpp>

using tasks::protocol::exec_start_ns;

TEST_CASE("exec_start is read as nanoseconds") {
    CHECK(exec_start_ns("x (1, #threads: 1)\n---\nse.exec_start       :       3177440.832434\nse.v : 1\n") ==
          3177440832434u);
    CHECK(exec_start_ns("se.exec_start : 0.000001\n") == 1u);
    for (const char* text : {"", "se.exec_start", "se.exec_start :\nse.vruntime : 1.000000\n", "se.exec_start : 5\n",
                             "se.exec_start : 5.1\n", "se.exec_start : 5.x\n"})
        CHECK_FALSE(exec_start_ns(text));
}
