// The node as a whole, and the keys of its vault.
#include "node/api.h"

namespace holdfast::node {

Task<Result<void>> show_status(Call& call, Means& means) {
  co_return co_await call.answer(co_await means.control.status());
}

Task<Result<void>> show_config(Call& call, Means& means) {
  co_return co_await call.answer(SettingList{means.control.settings()});
}

Task<Result<void>> list_vault_keys(Call& call, Means& means) {
  CO_TRY_LET(auto keys, co_await means.control.vault_keys());
  co_return co_await call.answer(VaultKeyList{std::move(keys)});
}

Task<Result<void>> show_words(Call& call, Means& means) {
  CO_TRY_LET(std::string words, co_await means.control.recovery_words());
  co_return co_await call.answer(Words{std::move(words)});
}

Task<Result<void>> set_passphrase(Call& call, Means& means) {
  CO_TRY_LET(Passphrase wish, co_await call.read<Passphrase>());
  if (wish.passphrase.empty()) {
    co_return fail(ErrorCode::invalid,
                   "A passphrase is not empty. To do without one: holdfast vault passphrase "
                   "--remove");
  }
  CO_TRY(co_await means.control.set_passphrase(std::move(wish.passphrase)));
  co_return co_await call.answer();
}

Task<Result<void>> remove_passphrase(Call& call, Means& means) {
  CO_TRY(co_await means.control.remove_passphrase());
  co_return co_await call.answer();
}

Task<Result<void>> unlock_vault(Call& call, Means& means) {
  CO_TRY_LET(Passphrase given, co_await call.read<Passphrase>());
  CO_TRY(co_await means.control.unlock(std::move(given.passphrase)));
  co_return co_await call.answer();
}

Task<Result<void>> lock_vault(Call& call, Means& means) {
  CO_TRY(co_await means.control.lock());
  co_return co_await call.answer();
}

Task<Result<void>> collect_garbage(Call& call, Means& means) {
  CO_TRY_LET(Services * services, means.control.services());
  CO_TRY_LET(const std::uint64_t bytes, co_await services->vault.collect(services->catalog));
  co_return co_await call.answer(Freed{bytes});
}

Task<Result<void>> make_checkpoint(Call& call, Means& means) {
  CO_TRY(co_await means.control.checkpoint());
  co_return co_await call.answer();
}

}  // namespace holdfast::node
