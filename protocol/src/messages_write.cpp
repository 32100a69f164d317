#include <tasks/protocol/messages.hpp>

#include "message_writers.hpp"

namespace tasks::protocol {

namespace {

template <class Message> std::string written(const Message& message) {
    std::string bytes;
    FieldWriter<std::string> out{bytes};
    write_fields(out, message);
    return bytes;
}

} // namespace

std::string write(const Hello& message) { return written(message); }
std::string write(const Welcome& message) { return written(message); }
std::string write(const ErrorAnswer& message) { return written(message); }
std::string write(const VitalsRequest& message) { return written(message); }
std::string write(const VitalsAnswer& message) { return written(message); }
std::string write(const CountsRequest& message) { return written(message); }
std::string write(const CountsAnswer& message) { return written(message); }
std::string write(const TasksRequest& message) { return written(message); }
std::string write(const TasksAnswer& message) { return written(message); }
std::string write(const StacksRequest& message) { return written(message); }
std::string write(const StacksAnswer& message) { return written(message); }

} // namespace tasks::protocol
