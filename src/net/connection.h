// Connection serves one link: request after request, each handed to the service's handler.
//
//   head ──complete──▶ handler ──answered──▶ rest of the body skipped ──▶ head …
//    │ malformed, too large, too slow          │ too long to skip, or the peer or we want no more
//    └────────▶ refused ────────▶ closing ◀────┘
//
// A closing connection reads and drops what the peer still sends, for a while: otherwise the system
// would reset the connection, and the peer lose the answer.
#pragma once

#include "net/body.h"
#include "net/head.h"
#include "net/link.h"
#include "net/service.h"

#include <memory>
#include <string>

namespace holdfast::net {

class Connection final : public Exchange {
 public:
  Connection(std::shared_ptr<Service> service, Socket socket, std::string peer);

  // Serves until either side has had enough. `tls` is the context of a TLS listener, or nothing.
  static Task<void> serve(std::shared_ptr<Connection> self, TlsContext tls);

  const Request& request() const override { return request_; }
  Task<Result<std::size_t>> read(MutableByteView into) override;
  Task<Result<void>> start(ResponseHead head) override;
  Task<Result<void>> write(std::span<const ByteView> content) override;
  Task<Result<void>> respond(ResponseHead head, std::string body) override;
  void abort() override;
  Task<Result<std::unique_ptr<RawConnection>>> upgrade(ResponseHead head) override;

 private:
  Task<bool> shake_hands(const TlsContext& tls);

  // Waits for the next request; false if none comes that can be answered.
  Task<bool> read_head();
  Task<Result<void>> receive_head(Sweep::Tick& deadline);
  void accept_head();
  Task<bool> refuse(unsigned status);

  // Has the handler answer the request; false if the connection is to end.
  Task<bool> answer();
  Task<bool> finish_answer();
  Task<bool> skip_body();

  // Puts the head of an answer into output_.
  Result<void> prepare(const ResponseHead& head);
  bool may_stay_open() const;
  void append_connection_field(const ResponseHead& head);
  Task<Result<void>> send(std::span<ByteView> pieces);

  // Lets the peer see the answer before the connection ends.
  Task<void> linger();

  Presence presence_;
  std::unique_ptr<Link> link_;  // Nothing once upgraded.
  InputBuffer input_;
  std::string output_;  // A head, or more, not yet sent.

  Request request_;
  RequestTraits traits_;
  HeadScanner scanner_;
  BodyReader body_;
  bool must_continue_ = false;  // The peer waits for "100 Continue".
  std::optional<ErrorCode> body_failure_;

  Framing framing_ = Framing::none;  // Of the answer.
  std::uint64_t content_left_ = 0;   // Of an answer of known length.
  bool is_bodyless_ = false;         // The answer's body is told, not sent: HEAD, 204, 304.
  bool keep_alive_ = true;
  bool is_broken_ = false;  // Nothing more can be sent, or must be.
};

}  // namespace holdfast::net
