-- One row per account and booking day: how many trades, what they realised in base currency, how the closing ones
-- came out, how many rows the identities of a trade's row were checked on. The one pass over trades for all of it.
with

cancelled as (
    select account_id, orig_transaction_id as transaction_id
    from {{ ref('int_trades__convert') }}
    where is_cancel and orig_transaction_id is not null
    group by all
),

trades as (
    select
        trades.*,
        trades.is_cancel or cancelled.transaction_id is not null as is_undone,
        trades.realized_pnl_base as realized_base
    from {{ ref('int_trades__convert') }} as trades
    left join cancelled
        on trades.account_id = cancelled.account_id and trades.transaction_id = cancelled.transaction_id
    where trades.report_date is not null
)

select
    account_id,
    report_date,
    count(*) as trade_rows,
    count(realized_pnl) as realized_rows,
    count(*) filter (where realized_pnl <> 0 and realized_base is null) as realized_without_rate,
    sum(realized_base) as realized_base,
    count(*) filter (where realized_pnl > 0 and not is_undone) as wins,
    count(*) filter (where realized_pnl < 0 and not is_undone) as losses,
    coalesce(sum(realized_base) filter (where realized_pnl > 0 and not is_undone), 0) as gain_base,
    coalesce(-sum(realized_base) filter (where realized_pnl < 0 and not is_undone), 0) as loss_base,
    count(*) filter (where {{ net_cash_concerns() }}) as net_cash_concerned,
    count(*) filter (where {{ net_cash_applies() }}) as net_cash_checked,
    count(*) filter (where {{ realized_concerns() }}) as realized_concerned,
    count(*) filter (where {{ realized_applies() }}) as realized_checked
from trades
group by account_id, report_date
